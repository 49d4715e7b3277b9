#include "milan/base/file.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

size_t FilesIn(const Path& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

TEST(File, AtomicWriteReplacesWholeContent) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "a longer first version");
  WriteFileAtomically(folder / "f", "second");
  EXPECT_EQ(ReadFile(folder / "f"), "second");
  EXPECT_EQ(FilesIn(folder.path()), 1);
}

TEST(File, AbandonedWriteLeavesTheOldContentAndNothingElse) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "old");
  {
    AtomicFile file(folder / "f");
    file.Write("half of the new");
  }
  EXPECT_EQ(ReadFile(folder / "f"), "old");
  EXPECT_EQ(FilesIn(folder.path()), 1);
}

TEST(File, PiecesAreWrittenAtTheirPlacesInAnyOrder) {
  const TemporaryFolder folder;
  const std::string piece = "xyz";
  AtomicFile file(folder / "f");
  file.Reserve(8);
  file.WriteAt(5, std::as_bytes(std::span(piece)));
  file.WriteAt(0, std::as_bytes(std::span(piece)));
  EXPECT_FALSE(std::filesystem::exists(folder / "f"));
  file.Commit();
  EXPECT_EQ(ReadFile(folder / "f"), std::string("xyz\0\0xyz", 8));
}

TEST(File, AnotherLibrarysFileGetsItsNameWhole) {
  const TemporaryFolder folder;
  const Path temporary = TemporaryBeside(folder / "f");
  std::ofstream(temporary) << "written elsewhere";
  PublishFile(temporary, folder / "f");
  EXPECT_EQ(ReadFile(folder / "f"), "written elsewhere");
  EXPECT_EQ(FilesIn(folder.path()), 1);
  EXPECT_THAT([&] { PublishFile(temporary, folder / "g"); }, ThrowsMessage<Error>(HasSubstr("g:")));
}

TEST(File, StaleTemporariesOfAKilledProcessAreRemoved) {
  const TemporaryFolder folder;
  std::ofstream(folder / "f.milan-partial-123-0") << "rest";
  std::ofstream(folder / "keep") << "kept";
  RemoveStaleTemporaries(folder.path());
  EXPECT_EQ(FilesIn(folder.path()), 1);
}

TEST(File, UnwritablePlaceIsAResourceErrorThatNamesTheFile) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { WriteFileAtomically(folder / "no-such-folder/f", "x"); },
              ThrowsMessage<Error>(HasSubstr("no-such-folder/f: cannot create")));
}

TEST(File, ReadErrorsNameTheFile) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { ReadFile(folder / "missing"); },
              ThrowsMessage<Error>(HasSubstr("missing: cannot open")));
  EXPECT_THAT([&] { ReadFile(folder.path()); }, ThrowsMessage<Error>(HasSubstr("is a folder")));
}

TEST(File, ReadsFilesWithoutASize) { EXPECT_FALSE(ReadFile("/proc/self/status").empty()); }

TEST(File, ReadsParts) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "0123456789");
  EXPECT_EQ(ReadFilePart(folder / "f", 3, 4), "3456");
  EXPECT_EQ(ReadFilePart(folder / "f", 0, 10), "0123456789");
  EXPECT_EQ(ReadFilePart(folder / "f", 10, 0), "");
  using Part = std::pair<uint64_t, uint64_t>;
  for (const Part& part : {Part(3, 8), Part(11, 0), Part(3, UINT64_MAX), Part(UINT64_MAX, 2)}) {
    const auto read = [&] { ReadFilePart(folder / "f", part.first, part.second); };
    EXPECT_THAT(read, ThrowsMessage<Error>(HasSubstr("f: ends before the part")));
  }
}

TEST(File, MapsFilesOfAnySize) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "empty", "");
  EXPECT_TRUE(MappedFile(folder / "empty").bytes().empty());
  WriteFileAtomically(folder / "f", "abc");
  EXPECT_EQ(MappedFile(folder / "f").bytes().size(), 3);
}

}  // namespace
}  // namespace milan
