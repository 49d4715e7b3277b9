#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/image/photo_set.h"
#include "tests/support/pictures.h"
#include "tests/support/tar_text.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

void Write(const Path& path, const std::string& content = "x") {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

std::vector<std::string> Names(const PhotoSet& set) {
  std::vector<std::string> names;
  for (const Photo& photo : set.photos) names.push_back(photo.name);
  return names;
}

/// An archive with members of those names, whose content is their name.
std::string TarOf(const std::vector<std::string>& names) {
  std::string tar;
  for (const std::string& name : names) tar += TarMember(name, name);
  return tar + TarEnd();
}

TEST(PhotoArchive, PhotosAreThoseOfAFolder) {
  const TemporaryFolder folder;
  std::string tar;
  for (int i = 0; i < 4; ++i) {
    const Image image = NoiseImage(20 + i, 10, static_cast<uint64_t>(i));
    const std::string name = "key" + std::to_string(i) + (i % 2 == 0 ? ".jpg" : ".png");
    const std::string file = i % 2 == 0 ? EncodeJpeg(image, 90) : EncodePng(image);
    Write(folder / ("files/" + name), file);
    tar += TarMember(name, file) + TarMember("key" + std::to_string(i) + ".json", "{}");
  }
  Write(folder / "shard.tar", tar + TarEnd());
  const PhotoSet files = OpenPhotoSet(folder / "files");
  const PhotoSet archived = OpenPhotoSet(folder / "shard.tar");
  EXPECT_EQ(archived.root, folder.path());
  ASSERT_EQ(archived.photos.size(), files.photos.size());
  for (size_t id = 0; id < files.photos.size(); ++id) {
    EXPECT_EQ(archived.photos[id].name, "shard.tar/" + files.photos[id].name);
    EXPECT_EQ(archived.photos[id].bytes, files.photos[id].bytes);
    std::string file_hash;
    std::string archived_hash;
    const DecodeResult file = LoadPhoto(files, id, &file_hash);
    const DecodeResult member = LoadPhoto(archived, id, &archived_hash);
    ASSERT_TRUE(file.ok() && member.ok()) << file.failure << member.failure;
    EXPECT_EQ(member.image, file.image);
    EXPECT_EQ(archived_hash, file_hash);
  }
}

TEST(PhotoArchive, ArchivesOfAFolderStandAtTheirPlaceInTheirOrder) {
  const TemporaryFolder folder;
  Write(folder / "shards/1.TAR", TarOf({"b.jpg", "a.jpg"}));
  Write(folder / "shards/0.tar", TarOf({"x/z.jpg"}));
  Write(folder / "shards/.hidden.tar", TarOf({"no.jpg"}));
  Write(folder / "called_like.tar/photo.jpg");
  Write(folder / "shards/0.txt");
  Write(folder / "shards/10.jpg");
  EXPECT_THAT(Names(OpenPhotoSet(folder.path())),
              ElementsAre("called_like.tar/photo.jpg", "shards/0.tar/x/z.jpg", "shards/1.TAR/b.jpg",
                          "shards/1.TAR/a.jpg", "shards/10.jpg"));
}

TEST(PhotoArchive, AListNamesArchivesAndSinglePhotosOfThem) {
  const TemporaryFolder folder;
  Write(folder / "data/0.tar", TarOf({"b.jpg", "a.jpg"}));
  Write(folder / "data/1.tar", TarOf({"c.jpg", "d.jpg"}));
  const std::string absolute = (folder / "data/0.tar").string();
  Write(folder / "list.txt", "data/1.tar/d.jpg\n" + absolute + "\ndata/1.tar/no.jpg\n");
  const PhotoSet set = OpenPhotoSet(folder / "list.txt");
  EXPECT_THAT(Names(set), ElementsAre("data/1.tar/d.jpg", absolute + "/b.jpg", absolute + "/a.jpg",
                                      "data/1.tar/no.jpg"));
  EXPECT_THAT(LoadPhoto(set, 0).failure, HasSubstr("not a JPEG, PNG or WebP file"));
  EXPECT_THAT(LoadPhoto(set, 3).failure, HasSubstr("data/1.tar has no such photo"));
}

TEST(PhotoArchive, ListsOfArchivesThatAreNotThereAreErrors) {
  const TemporaryFolder folder;
  Write(folder / "list.txt", "no.tar\n");
  EXPECT_THAT([&] { OpenPhotoSet(folder / "list.txt"); },
              ThrowsMessage<Error>(HasSubstr("no.tar: the list names this archive")));
}

TEST(PhotoArchive, ArchivesWithoutPhotosAreErrors) {
  const TemporaryFolder folder;
  Write(folder / "in/texts.tar", TarOf({"a.txt"}));
  EXPECT_THAT([&] { OpenPhotoSet(folder / "in/texts.tar"); },
              ThrowsMessage<Error>(HasSubstr("texts.tar: no photos in this archive")));
  EXPECT_THAT([&] { OpenPhotoSet(folder / "in"); },
              ThrowsMessage<Error>(HasSubstr("of the 1 archives none has a photo")));
}

TEST(PhotoArchive, CompressedArchivesAreRefused) {
  const TemporaryFolder folder;
  for (const char* name : {"a.tar.gz", "b.TGZ", "c.tar.zst"}) {
    Write(folder / name);
    EXPECT_THAT([&] { OpenPhotoSet(folder / name); },
                ThrowsMessage<Error>(AllOf(HasSubstr(name), HasSubstr("unpack it"))));
  }
}

TEST(PhotoArchive, ABrokenArchiveOfAFolderIsNamed) {
  const TemporaryFolder folder;
  Write(folder / "a.tar", TarOf({"a.jpg"}));
  Write(folder / "b.tar", TarOf({"b.jpg", std::string(90, 'n') + ".jpg"}).substr(0, 1536 + 20));
  EXPECT_THAT([&] { OpenPhotoSet(folder.path()); },
              ThrowsMessage<Error>(AllOf(HasSubstr("b.tar: member n"), HasSubstr("truncated"))));
}

TEST(FindPhotos, GivesKnownPhotosTheirPlaces) {
  const TemporaryFolder folder;
  Write(folder / "0.tar", TarMember("a.png", EncodePng(PatternImage(9, 5))) + TarEnd());
  Write(folder / "broken.tar", "not an archive");
  Write(folder / "b.png", EncodePng(PatternImage(3, 4)));
  const PhotoSet set = FindPhotos(folder.path(), {{"0.tar/a.png"},
                                                  {"b.png"},
                                                  {"broken.tar/a.png"},
                                                  {"broken.tar/b.png"},
                                                  {"gone.tar/a.png"},
                                                  {"0.tar/gone.png"}});
  EXPECT_EQ(LoadPhoto(set, 0).image, PatternImage(9, 5));
  EXPECT_EQ(LoadPhoto(set, 1).image, PatternImage(3, 4));
  EXPECT_THAT(LoadPhoto(set, 2).failure, HasSubstr("broken.tar: not a readable tar archive"));
  EXPECT_THAT(LoadPhoto(set, 3).failure, HasSubstr("broken.tar: not a readable tar archive"));
  EXPECT_THAT(LoadPhoto(set, 4).failure, HasSubstr("cannot be read"));
  EXPECT_THAT(LoadPhoto(set, 5).failure, HasSubstr("0.tar has no such photo"));
}

TEST(LoadPhoto, AnArchiveThatBecameShorterIsAFailure) {
  const TemporaryFolder folder;
  const std::string tar = TarMember("a.png", EncodePng(PatternImage(9, 5))) + TarEnd();
  Write(folder / "0.tar", tar);
  const PhotoSet set = OpenPhotoSet(folder / "0.tar");
  fs::resize_file(folder / "0.tar", 520);
  EXPECT_THAT(LoadPhoto(set, 0).failure, HasSubstr("0.tar: ends before the part"));
}

TEST(LoadPhoto, MoreBytesThanAPhotoHasAreAFailure) {
  const TemporaryFolder folder;
  const uint64_t size = (uint64_t{1} << 30) + 1;
  Write(folder / "0.tar", TarHeader("a.png", OctalSize(size)));
  fs::resize_file(folder / "0.tar", 1023 + size);  // takes no room on disk
  Write(folder / "b.png");
  fs::resize_file(folder / "b.png", size);
  const PhotoSet set = OpenPhotoSet(folder.path());
  for (const size_t id : {0, 1})
    EXPECT_THAT(LoadPhoto(set, id).failure, HasSubstr("than any photo"));
}

}  // namespace
}  // namespace milan
