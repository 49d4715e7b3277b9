#include "milan/exemplar/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/file.h"
#include "milan/base/hash.h"
#include "milan/exemplar/layer_statistics.h"
#include "milan/exemplar/test_activations.h"
#include "tests/support/tar_text.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::vector<PhotoRecord> SomePhotos() {
  return {{"a, \"b\"/c.jpg", 12345678901, "00ff", 640, 480, ""},
          {"broken\nname.png", 0, "", 0, 0, "ends too early, at byte 17"},
          {"d.jpg", 7, "0a", 1, 1, ""}};
}

/// A small complete run.
class RunTest : public testing::Test {
 protected:
  RunTest() {
    manifest_.milan_version = "0.1.0";
    manifest_.engine_version = "1.2.3";
    manifest_.network_path = "/networks/n.onnx";
    manifest_.network_hash = "11";
    manifest_.photos_path = "/photos";
    manifest_.photo_root = "/photos";
    manifest_.photos_hash = HashPhotoList(SomePhotos());
    manifest_.photo_count = 3;
    manifest_.skipped_count = 1;
    manifest_.preprocessing.mean = {0.1F, 0.2F, 0.3F};
    manifest_.layers = {{"block/1", 2, 3, 4}, {"last", 5, 1, 1}};
    manifest_.k = 2;
    manifest_.quantile = 0.985;
    manifest_.complete = true;
    Write();
  }

  void Write() const {
    CreateFolder(folder_ / "exemplars");
    for (const RunLayer& layer : manifest_.layers) {
      LayerStatistics statistics(layer.units, layer.height, layer.width, {manifest_.k});
      const Shape shape = {layer.units, layer.height, layer.width};
      for (const int photo : {0, 2}) {
        statistics.Add(photo, {shape, RandomActivations(ElementCount(shape), photo, true)});
      }
      statistics.Finish(layer.name, manifest_.quantile).Save(PathOf(layer.name));
    }
    WritePhotoRecords(folder_.path(), SomePhotos());
    WriteRunManifest(folder_.path(), manifest_);
  }
  Path PathOf(const std::string& layer) const {
    return folder_ / ("exemplars/" + LayerFileName(layer) + ".safetensors");
  }
  /// Replaces text in a file of the run.
  void Replace(const std::string& file, const std::string& from, const std::string& to) const {
    std::string text = ReadFile(folder_ / file);
    const size_t place = text.find(from);
    ASSERT_NE(place, std::string::npos) << text;
    WriteFileAtomically(folder_ / file, text.replace(place, from.size(), to));
  }
  std::string ErrorOf(ErrorKind kind, const std::string& layer = "last") const {
    try {
      (void)OpenRun(folder_.path()).Exemplars(layer);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
  RunManifest manifest_;
};

TEST_F(RunTest, ComesBackAsItWasWritten) {
  const milan::Run run = OpenRun(folder_.path());
  EXPECT_EQ(run.manifest.milan_version, "0.1.0");
  EXPECT_EQ(run.manifest.engine_version, "1.2.3");
  EXPECT_EQ(run.manifest.network_path, "/networks/n.onnx");
  EXPECT_EQ(run.manifest.network_hash, "11");
  EXPECT_EQ(run.manifest.photos_hash, manifest_.photos_hash);
  EXPECT_EQ(run.manifest.skipped_count, 1);
  EXPECT_EQ(run.manifest.preprocessing, manifest_.preprocessing);
  ASSERT_EQ(run.manifest.layers.size(), 2U);
  EXPECT_EQ(run.manifest.layers[0].name, "block/1");
  EXPECT_EQ(run.manifest.layers[1].units, 5);
  EXPECT_EQ(run.manifest.k, 2);
  EXPECT_EQ(run.manifest.quantile, 0.985);
  EXPECT_EQ(run.PhotoPath(2), "/photos/d.jpg");
  EXPECT_EQ(run.Exemplars("block/1").units, 2);
  const auto expected = SomePhotos();
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(run.photos[i].name, expected[i].name);
    EXPECT_EQ(run.photos[i].bytes, expected[i].bytes);
    EXPECT_EQ(run.photos[i].hash, expected[i].hash);
    EXPECT_EQ(run.photos[i].width, expected[i].width);
    EXPECT_EQ(run.photos[i].height, expected[i].height);
    EXPECT_EQ(run.photos[i].failure, expected[i].failure);
  }
}

TEST_F(RunTest, FindsItsPhotosAsFilesAndInArchives) {
  WriteFileAtomically(folder_ / "0.tar", TarMember("x.jpg", "first") + TarEnd());
  WriteFileAtomically(folder_ / "y.jpg", "second");
  milan::Run run;
  run.photo_root = folder_.path();
  run.photos = {{"0.tar/x.jpg", 5, "", 0, 0, ""}, {"y.jpg", 6, "", 0, 0, ""}};
  const PhotoSet photos = run.Photos();
  for (const auto& [id, content] : {std::pair{0, "first"}, std::pair{1, "second"}}) {
    std::string hash;
    LoadPhoto(photos, static_cast<size_t>(id), &hash);
    EXPECT_EQ(hash, HashText(content));
  }
}

TEST_F(RunTest, UnknownLayersAreNamedWithThoseThereAre) {
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, "first"),
              AllOf(HasSubstr("'first'"), HasSubstr("block/1, last")));
}

TEST_F(RunTest, FoldersThatAreNoCompleteRunAreRefused) {
  const TemporaryFolder empty;
  EXPECT_THROW(OpenRun(empty.path()), Error);
  manifest_.complete = false;
  WriteRunManifest(folder_.path(), manifest_);
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("incomplete"));
}

TEST_F(RunTest, NewerAndForeignManifestsAreRefused) {
  Replace("run.json", "\"version\": 1", "\"version\": 2");
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), AllOf(HasSubstr("version 2"), HasSubstr("run.json")));
  Replace("run.json", "milan-run", "other-run");
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("not a run of milan"));
  WriteFileAtomically(folder_ / "run.json", "{\"format\": \"milan");
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("run.json"));
}

TEST_F(RunTest, FilesThatDoNotFitEachOtherAreRefused) {
  Replace("photos.csv", "\n2,d.jpg", "\n5,d.jpg");
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("photo 5"));
  Write();
  Replace("photos.csv", "12345678901", "many");
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), AllOf(HasSubstr("bytes"), HasSubstr("many")));
  WritePhotoRecords(folder_.path(), {SomePhotos()[0]});
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("run.json says 3"));
  manifest_.photo_count = 1;
  WriteRunManifest(folder_.path(), manifest_);
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("photo 2 is not in photos.csv"));
  manifest_.photo_count = 3;
  Write();
  std::filesystem::copy_file(PathOf("block/1"), PathOf("last"),
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("not the exemplars of layer 'last'"));
  std::filesystem::remove(PathOf("last"));
  EXPECT_THAT(ErrorOf(ErrorKind::kInput), HasSubstr("last.safetensors"));
}

TEST(HashPhotoList, ChangesWithNamesContentsAndOrder) {
  const auto photos = SomePhotos();
  const std::string hash = HashPhotoList(photos);
  EXPECT_EQ(HashPhotoList(photos), hash);
  EXPECT_NE(HashPhotoList({photos[2], photos[1], photos[0]}), hash);
  auto renamed = photos;
  renamed[0].name = "e.jpg";
  EXPECT_NE(HashPhotoList(renamed), hash);
  auto edited = photos;
  edited[0].hash = "00fe";
  EXPECT_NE(HashPhotoList(edited), hash);
}

}  // namespace
}  // namespace milan
