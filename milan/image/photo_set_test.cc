#include "milan/image/photo_set.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/image/photo_set_bytes.h"
#include "tests/support/pictures.h"
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

TEST(PhotoSet, ListsATreeSortedAsBytes) {
  const TemporaryFolder folder;
  for (const char* name : {"b/2.jpg", "b/10.JPEG", "b-c.PnG", "Z.jpg", "a.jpg", "notes.txt",
                           "x.webp.bak", ".hidden.jpg", ".cache/1.jpg", "b/.x/1.jpg"})
    Write(folder / name, "12345");
  const PhotoSet set = OpenPhotoSet(folder.path());
  // '-' sorts before '/': the whole relative name counts, not folder by folder.
  EXPECT_THAT(Names(set), ElementsAre("Z.jpg", "a.jpg", "b-c.PnG", "b/10.JPEG", "b/2.jpg"));
  EXPECT_EQ(set.photos[0].bytes, 5U);
  EXPECT_TRUE(fs::exists(set.PathOf(3)));
}

TEST(PhotoSet, RootIsAbsoluteHoweverItIsGiven) {
  const TemporaryFolder folder;
  Write(folder / "in/a.jpg");
  EXPECT_EQ(OpenPhotoSet(folder / "in/").root, folder / "in");
  EXPECT_EQ(OpenPhotoSet(folder / "in/../in/.").root, folder / "in");
  EXPECT_TRUE(OpenPhotoSet(fs::relative(folder / "in")).root.is_absolute());
}

TEST(PhotoSet, LinkedFoldersAreListedOnceAndNeverInCircles) {
  const TemporaryFolder folder;
  Write(folder / "photos/real/1.jpg");
  Write(folder / "elsewhere/2.jpg");
  fs::create_directory_symlink(folder / "photos", folder / "photos/real/up");  // a circle
  fs::create_directory_symlink(folder / "photos/real", folder / "photos/a_second_way");
  fs::create_directory_symlink(folder / "elsewhere", folder / "photos/linked");
  fs::create_directory_symlink(folder / "elsewhere", folder / "photos/linked_again");
  fs::create_symlink(folder / "elsewhere/2.jpg", folder / "photos/file_link.jpg");
  fs::create_symlink(folder / "nowhere", folder / "photos/broken.jpg");
  EXPECT_THAT(Names(OpenPhotoSet(folder / "photos")),
              ElementsAre("file_link.jpg", "linked/2.jpg", "real/1.jpg"));
}

TEST(PhotoSet, FolderWithoutPhotosSaysWhatIsThere) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { OpenPhotoSet(folder.path()); },
              ThrowsMessage<Error>(HasSubstr("there are no other files either")));
  Write(folder / "sub/a.tar.gz");
  Write(folder / "readme.md");
  EXPECT_THAT([&] { OpenPhotoSet(folder.path()); },
              ThrowsMessage<Error>(
                  AllOf(HasSubstr(folder.path().string()), HasSubstr(".jpg, .jpeg, .png and .webp"),
                        HasSubstr("2 other files, such as sub/a.tar.gz, which must be unpacked"))));
}

TEST(PhotoSet, OtherPathsAreErrorsThatSayWhatToGive) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { OpenPhotoSet(folder / "missing"); },
              ThrowsMessage<Error>(HasSubstr("missing: no such folder")));
  Write(folder / "cat.jpg");
  EXPECT_THAT([&] { OpenPhotoSet(folder / "cat.jpg"); },
              ThrowsMessage<Error>(HasSubstr("neither a folder, a .txt list")));
}

TEST(PhotoSet, ListKeepsItsOrder) {
  const TemporaryFolder folder;
  Write(folder / "b.jpg");
  Write(folder / "sub/a.jpg", "12");
  const std::string absolute = (folder / "b.jpg").string();
  Write(folder / "list.txt", "\xEF\xBB\xBF# chosen\r\nsub/a.jpg\r\n\nmissing.jpg\n" + absolute);
  const PhotoSet set = OpenPhotoSet(folder / "list.txt");
  EXPECT_THAT(Names(set), ElementsAre("sub/a.jpg", "missing.jpg", absolute));
  EXPECT_EQ(set.photos[0].bytes, 2U);
  EXPECT_EQ(set.PathOf(0), folder / "sub/a.jpg");
  EXPECT_EQ(set.PathOf(2), folder / "b.jpg");
  EXPECT_THAT(LoadPhoto(set, 1).failure, HasSubstr("cannot be read"));
}

TEST(PhotoSet, ListMayNameItsRoot) {
  const TemporaryFolder folder;
  Write(folder / "data/a.jpg");
  Write(folder / "lists/list.TXT", "# root: ../data\na.jpg\n");
  const PhotoSet set = OpenPhotoSet(folder / "lists/list.TXT");
  EXPECT_THAT(Names(set), ElementsAre("a.jpg"));
  EXPECT_TRUE(fs::exists(set.PathOf(0)));
}

TEST(PhotoSet, ListsWithoutPhotosAreErrors) {
  const TemporaryFolder folder;
  Write(folder / "empty.txt", "# nothing\n\n");
  EXPECT_THAT([&] { OpenPhotoSet(folder / "empty.txt"); },
              ThrowsMessage<Error>(HasSubstr("empty.txt: names no photos")));
  Write(folder / "wrong.txt", "a.jpg\nb.jpg\n");
  EXPECT_THAT([&] { OpenPhotoSet(folder / "wrong.txt"); },
              ThrowsMessage<Error>(AllOf(HasSubstr("none of its 2 photos exists"),
                                         HasSubstr("relative to " + folder.path().string()))));
}

TEST(PhotoSet, SurvivesAsAMessage) {
  PhotoSet set;
  set.root = "/photos";
  set.archives = {{"a.tar", ""}, {"gone.tar", "not there"}};
  set.photos = {{"line\nbreak.jpg", 7, Photo::kNoArchive, 0},
                {"a.tar/b.jpg", 9, 0, 512},
                {"gone.tar/c.jpg", 0, 1, Photo::kNotInArchive}};
  std::vector<std::byte> bytes = ToBytes(set);
  const PhotoSet read = PhotoSetFromBytes(bytes);
  EXPECT_EQ(read.root, set.root);
  ASSERT_EQ(read.archives.size(), 2U);
  EXPECT_EQ(read.archives[1].name, "gone.tar");
  EXPECT_EQ(read.archives[1].failure, "not there");
  ASSERT_EQ(read.photos.size(), 3U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.photos[i].name, set.photos[i].name);
    EXPECT_EQ(read.photos[i].bytes, set.photos[i].bytes);
    EXPECT_EQ(read.photos[i].archive, set.photos[i].archive);
    EXPECT_EQ(read.photos[i].offset, set.photos[i].offset);
  }
  set.photos[1].archive = 2;
  EXPECT_THROW(PhotoSetFromBytes(ToBytes(set)), Error);
  bytes.back() ^= std::byte{1};
  EXPECT_THROW(PhotoSetFromBytes(bytes), Error);
  EXPECT_TRUE(PhotoSetFromBytes(ToBytes({})).photos.empty());
}

TEST(LoadPhoto, DecodesAndHashes) {
  const TemporaryFolder folder;
  const Image image = PatternImage(9, 5);
  Write(folder / "named_wrongly.jpg", EncodePng(image));
  Write(folder / "text.png", "This is not a picture.\n");
  const PhotoSet set = OpenPhotoSet(folder.path());
  std::string hash;
  const DecodeResult loaded = LoadPhoto(set, 0, &hash);
  EXPECT_EQ(loaded.image, image);
  EXPECT_EQ(hash, HashText(EncodePng(image)));
  EXPECT_EQ(LoadPhoto(set, 1, &hash).failure, "not a JPEG, PNG or WebP file: looks like text");
  EXPECT_EQ(hash, HashText("This is not a picture.\n"));
}

TEST(LoadPhoto, AFileThatVanishedIsAFailureWithoutAHash) {
  const TemporaryFolder folder;
  Write(folder / "a.jpg");
  const PhotoSet set = OpenPhotoSet(folder.path());
  fs::remove(folder / "a.jpg");
  std::string hash;
  EXPECT_THAT(LoadPhoto(set, 0, &hash).failure, HasSubstr("cannot be read"));
  EXPECT_EQ(hash, "");
}

}  // namespace
}  // namespace milan
