#include "milan/image/tar_index.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "tests/support/tar_text.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TarIndexTest : public testing::Test {
 protected:
  std::vector<TarPhoto> List(const std::string& content) const {
    std::ofstream(path_, std::ios::binary) << content;
    return ListTarPhotos(path_);
  }

  std::vector<std::string> NamesIn(const std::string& content) const {
    std::vector<std::string> names;
    for (const TarPhoto& photo : List(content)) names.push_back(photo.name);
    return names;
  }

  /// What is found at the places of the photos.
  std::vector<std::string> ContentsIn(const std::string& content) const {
    std::vector<std::string> contents;
    for (const TarPhoto& photo : List(content))
      contents.push_back(ReadFilePart(path_, photo.offset, photo.size));
    return contents;
  }

  std::string FailureOf(const std::string& content) const {
    try {
      List(content);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      EXPECT_THAT(error.what(), HasSubstr(path_.string()));
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
  Path path_ = folder_ / "shard.tar";
};

TEST_F(TarIndexTest, ListsPhotosInTheOrderOfTheArchive) {
  const std::string tar = TarMember("b.jpg", "first") + TarMember("b.json", "{}") +
                          TarMember("b.cls", "7") + TarHeader("sub/", OctalSize(0), '5') +
                          TarMember("sub/a.PNG", std::string(1000, 'x')) +
                          TarMember("./c.webp", "") + TarMember("/d.jpeg", "last") + TarEnd();
  EXPECT_THAT(NamesIn(tar), ElementsAre("b.jpg", "sub/a.PNG", "c.webp", "d.jpeg"));
  EXPECT_THAT(ContentsIn(tar), ElementsAre("first", std::string(1000, 'x'), "", "last"));
}

TEST_F(TarIndexTest, LeavesHiddenMembersAndLinksOut) {
  EXPECT_THAT(NamesIn(TarMember("._a.jpg", "x") + TarMember("./.cache/a.jpg", "x") +
                      TarHeader("link.jpg", OctalSize(0), '2', "a.jpg") + TarMember("a.jpg", "x") +
                      TarEnd()),
              ElementsAre("a.jpg"));
}

TEST_F(TarIndexTest, NamesOfAllLengths) {
  const std::string folder(90, 'f');
  const std::string file = std::string(90, 'n') + ".jpg";
  const std::string longer = folder + "/" + folder + "/" + folder + "/" + file;
  const std::string tar =
      TarHeader(file, OctalSize(5), '0', "", folder) + TarBlocks("ustar") +  // 185 characters
      TarMember("././@LongLink", longer + '\0', 'L') + TarMember(longer.substr(0, 99), "gnu") +
      TarMember("pax", PaxAttribute("path", "x" + longer), 'x') + TarMember("short.txt", "pax") +
      TarEnd();
  EXPECT_THAT(NamesIn(tar), ElementsAre(folder + "/" + file, longer, "x" + longer));
  EXPECT_THAT(ContentsIn(tar), ElementsAre("ustar", "gnu", "pax"));
}

/// Names are bytes: the locale of who runs milan must not change them.
TEST_F(TarIndexTest, NamesBeyondAsciiAreKeptAsTheyAre) {
  const std::string latin1 = "caf\xE9.jpg";
  EXPECT_THAT(NamesIn(TarMember("caf\xC3\xA9.jpg", "1") +
                      TarMember("pax", PaxAttribute("path", "na\xC3\xAFve.jpg"), 'x') +
                      TarMember("naive.jpg", "2") + TarMember(latin1, "3") + TarEnd()),
              ElementsAre("caf\xC3\xA9.jpg", "na\xC3\xAFve.jpg", latin1));
}

TEST_F(TarIndexTest, SizesInPaxAttributesAndInBinary) {
  std::string binary(12, '\0');
  binary[0] = '\x80';
  binary[11] = 3;
  const std::string tar = TarMember("pax", PaxAttribute("size", "4"), 'x') +
                          TarHeader("a.jpg", OctalSize(0)) + TarBlocks("four") +
                          TarHeader("b.jpg", binary) + TarBlocks("two") + TarEnd();
  EXPECT_THAT(ContentsIn(tar), ElementsAre("four", "two"));
}

TEST_F(TarIndexTest, TheLastOfMembersWithOneNameCounts) {
  const std::string tar = TarMember("a.jpg", "old") + TarMember("b.jpg", "other") +
                          TarMember("./a.jpg", "new") + TarEnd();
  EXPECT_THAT(NamesIn(tar), ElementsAre("a.jpg", "b.jpg"));
  EXPECT_THAT(ContentsIn(tar), ElementsAre("new", "other"));
}

TEST_F(TarIndexTest, HardLinksLeadToWhatTheyLink) {
  const std::string tar =
      TarMember("./a.jpg", "content") + TarHeader("b.jpg", OctalSize(0), '1', "./a.jpg") + TarEnd();
  EXPECT_THAT(ContentsIn(tar), ElementsAre("content", "content"));
  EXPECT_THAT(FailureOf(TarHeader("b.jpg", OctalSize(0), '1', "no.jpg") + TarEnd()),
              AllOf(HasSubstr("member b.jpg"), HasSubstr("link to no.jpg")));
}

TEST_F(TarIndexTest, EmptyArchivesHaveNoPhotos) { EXPECT_THAT(NamesIn(TarEnd()), IsEmpty()); }

TEST_F(TarIndexTest, OtherFilesAreNoArchives) {
  EXPECT_THAT(FailureOf(""), HasSubstr("not a readable tar archive"));
  EXPECT_THAT(FailureOf("<html>not found</html>"), HasSubstr("not a readable tar archive"));
  EXPECT_THAT(FailureOf(std::string("\x1F\x8B\x08\0\0", 5) + std::string(2000, 'z')),
              AllOf(HasSubstr("is compressed"), HasSubstr("unpack it")));
  EXPECT_THAT([this] { ListTarPhotos(folder_ / "missing.tar"); },
              ::testing::ThrowsMessage<Error>(HasSubstr("missing.tar: cannot read")));
}

TEST_F(TarIndexTest, TruncatedArchivesNameTheMember) {
  const std::string tar =
      TarMember("a.jpg", "whole") + TarMember("b.jpg", std::string(3000, 'x')) + TarEnd();
  const size_t second = 1024;
  EXPECT_THAT(FailureOf(tar.substr(0, second + 512 + 2000)),
              AllOf(HasSubstr("member b.jpg"), HasSubstr("3000 bytes"), HasSubstr("truncated")));
  EXPECT_THAT(FailureOf(tar.substr(0, second + 100)), HasSubstr("after member a.jpg"));
}

TEST_F(TarIndexTest, HostileSizesTakeNoMemory) {
  const std::string first = TarMember("a.jpg", "whole");
  EXPECT_THAT(FailureOf(first + TarHeader("b.jpg", "77777777777") + TarEnd()),
              AllOf(HasSubstr("member b.jpg"), HasSubstr("8589934591 bytes")));
  std::string binary(12, '\xFF');
  EXPECT_NE(FailureOf(first + TarHeader("b.jpg", binary) + TarEnd()), "");  // -1
  binary[0] = '\x80';
  EXPECT_NE(FailureOf(first + TarHeader("b.jpg", binary) + TarEnd()), "");
  // A name of 8 GB, and attributes without end.
  EXPECT_NE(FailureOf(first + TarHeader("././@LongLink", "77777777777", 'L') + TarEnd()), "");
  EXPECT_NE(FailureOf(first + TarHeader("pax", "77777777777", 'x') + TarEnd()), "");
  std::string chain = first;
  for (int i = 0; i < 5000; ++i) chain += TarMember("pax", PaxAttribute("path", "x.jpg"), 'x');
  EXPECT_NE(FailureOf(chain + TarMember("c.jpg", "x") + TarEnd()), "");
}

TEST_F(TarIndexTest, SparseMembersAreRefused) {
  std::string header = TarHeader("a.jpg", OctalSize(0), 'S');
  header.replace(257, 8, "ustar  ");
  header[264] = '\0';
  header.replace(345, 167, std::string(167, '\0'));
  header.replace(386, 12, "00000001000\0", 12);  // a hole, then 5 bytes
  header.replace(398, 12, "00000000005\0", 12);
  header.replace(483, 12, "00000001005\0", 12);
  header.replace(124, 11, OctalSize(5));
  header.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  char checksum[8];
  std::snprintf(checksum, sizeof(checksum), "%06o", sum);
  header.replace(148, 7, checksum, 7);
  EXPECT_THAT(FailureOf(header + TarBlocks("sparse") + TarEnd()), HasSubstr("sparse"));
}

TEST_F(TarIndexTest, DamagedArchivesNeverHarm) {
  Random random(11);
  const std::string name(150, 'n');
  const std::string tar = TarMember("a.jpg", "content") +
                          TarMember("pax", PaxAttribute("path", name + ".jpg"), 'x') +
                          TarMember("b.jpg", std::string(700, 'x')) +
                          TarMember("././@LongLink", name + ".png" + '\0', 'L') +
                          TarMember("c.png", "content") + TarEnd();
  for (int round = 0; round < 500; ++round) {
    std::string damaged = tar.substr(0, tar.size() - random.Below(tar.size() / 2));
    for (uint64_t i = 0; i <= random.Below(4); ++i)
      damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
    if (!FailureOf(damaged).empty()) continue;
    for (const TarPhoto& photo : ListTarPhotos(path_))
      EXPECT_LE(photo.offset + photo.size, damaged.size());
  }
}

}  // namespace
}  // namespace milan
