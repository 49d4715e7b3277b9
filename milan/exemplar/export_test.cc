#include "milan/exemplar/export.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/npy.h"
#include "milan/exemplar/milan_layout.h"
#include "milan/exemplar/test_run.h"
#include "milan/image/preprocess.h"
#include "tests/support/npz.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

/// An exported array's part that belongs to one exemplar.
std::vector<uint8_t> Part(const NpyArray& array, int64_t index, size_t size) {
  std::vector<uint8_t> part;
  for (size_t i = 0; i < size; ++i) {
    part.push_back(static_cast<uint8_t>(array.bytes[static_cast<size_t>(index) * size + i]));
  }
  return part;
}

class ExportTest : public testing::Test {
 protected:
  std::vector<uint8_t> PlanesOf(int32_t id, MapSize size) const {
    const std::string file = ReadFile(run_.PhotoPath(static_cast<size_t>(id)));
    const DecodeResult photo = Decode(BytesOf(file));
    return ToPlanes(Picture(run_.manifest.preprocessing, photo.image), size);
  }
  void Export(const ExportOptions& options) { ExportRun(run_, out_, options, progress_); }
  std::string ErrorOf(ErrorKind kind, const ExportOptions& options) {
    try {
      Export(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.what();
    }
    return "";
  }
  /// Every exemplar's picture and mask, and what stands where there is none.
  void CheckLayer(const ExemplarSet& set, MapSize size) const {
    const Path folder = out_ / LayerFileName(set.layer);
    const NpyArray images = ReadNpy(folder / kImagesFile);
    const NpyArray masks = ReadNpy(folder / kMasksFile);
    EXPECT_EQ(images.type + masks.type, "u1u1");
    EXPECT_EQ(images.shape, (Shape{set.units, set.k, 3, size.height, size.width}));
    EXPECT_EQ(masks.shape, (Shape{set.units, set.k, 1, size.height, size.width}));
    for (int64_t index = 0; index < set.units * set.k; ++index) {
      const int64_t unit = index / set.k;
      const int64_t rank = index % set.k;
      const int32_t id = set.PhotoId(unit, rank);
      const size_t pixels = size.Count();
      EXPECT_EQ(Part(images, index, 3 * pixels),
                id < 0 ? std::vector<uint8_t>(3 * pixels) : PlanesOf(id, size));
      EXPECT_EQ(Part(masks, index, pixels),
                id < 0 ? std::vector<uint8_t>(pixels) : set.Mask(unit, rank, size));
    }
  }

  TemporaryFolder folder_;
  milan::Run run_ = MakeTestRun(folder_.path());
  Path out_ = folder_ / "out";
  NoProgress progress_;
};

TEST_F(ExportTest, OriginalsLayoutHoldsWhatTheNetworkSawAndTheMasks) {
  for (const int size : {10, 7, 23}) {  // as seen, smaller, larger
    Export({.size = size, .overwrite = true});
    for (const char* layer : {"block/1", "last"}) CheckLayer(run_.Exemplars(layer), {size, size});
  }
  EXPECT_EQ(ReadNpy(out_ / "last/units.npy").AsIntegers(), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(ReadNpy(out_ / "last/units.npy").type, "i8");
}

TEST_F(ExportTest, OriginalsTablesAreInItsNumberFormats) {
  Export({.layers = {"last"}, .size = 4});
  EXPECT_FALSE(std::filesystem::exists(out_ / "block%2F1"));
  const ExemplarSet set = run_.Exemplars("last");
  std::string ids;
  std::string activations;
  for (int64_t i = 0; i < set.units * set.k; ++i) {
    const char end = (i + 1) % set.k == 0 ? '\n' : ',';
    char text[32];
    std::snprintf(text, sizeof(text), "%i%c", set.photo_ids[static_cast<size_t>(i)], end);
    ids += text;
    std::snprintf(text, sizeof(text), "%.5e%c", set.activations[static_cast<size_t>(i)], end);
    activations += text;
  }
  EXPECT_EQ(ReadFile(out_ / "last/ids.csv"), ids);
  EXPECT_EQ(ReadFile(out_ / "last/activations.csv"), activations);
}

TEST_F(ExportTest, FewerPhotosThanExemplarsLeaveEmptyPlaces) {
  const TemporaryFolder other;
  run_ = MakeTestRun(other.path(), kTestPhotos + 2);
  Export({.size = 10});
  CheckLayer(run_.Exemplars("block/1"), {10, 10});
  EXPECT_THAT(ReadFile(out_ / "last/ids.csv"), HasSubstr(",-1,-1\n"));
}

TEST_F(ExportTest, CsvHasALinePerExemplar) {
  Export({.format = ExportFormat::kCsv});
  const CsvTable table = ReadCsv(out_ / "exemplars.csv");
  EXPECT_THAT(table.header, testing::ElementsAre("layer", "unit", "rank", "photo", "activation",
                                                 "threshold", "state"));
  ASSERT_EQ(table.rows.size(), 5U * 4U);
  const ExemplarSet set = run_.Exemplars("block/1");
  const auto& row = table.rows[4 * 2 + 1];
  const std::string photo = run_.photos[static_cast<size_t>(set.PhotoId(2, 1))].name;
  EXPECT_THAT(row, testing::ElementsAre("block/1", "2", "1", photo,
                                        fmt::format("{}", set.activations[2 * 4 + 1]),
                                        fmt::format("{}", set.thresholds[2]), "alive"));
  EXPECT_EQ(table.rows[4][6], "dead");
}

TEST_F(ExportTest, JsonIsTheSameNested) {
  Export({.format = ExportFormat::kJson});
  const Json json = ReadJson(out_ / "exemplars.json");
  EXPECT_EQ(json["k"], 4);
  ASSERT_EQ(json["layers"].size(), 2U);
  const ExemplarSet set = run_.Exemplars("last");
  const Json& layer = json["layers"][1];
  EXPECT_EQ(layer["layer"], "last");
  ASSERT_EQ(layer["units"].size(), 2U);
  EXPECT_EQ(layer["units"][1]["state"], "alive");
  EXPECT_FLOAT_EQ(layer["units"][1]["threshold"].get<float>(), set.thresholds[1]);
  const Json& exemplar = layer["units"][1]["exemplars"][2];
  EXPECT_EQ(exemplar["photo"], run_.photos[static_cast<size_t>(set.PhotoId(1, 2))].name);
  EXPECT_FLOAT_EQ(exemplar["activation"].get<float>(), set.activations[4 + 2]);
}

TEST_F(ExportTest, NpzHasTheArraysOfALayer) {
  Export({.format = ExportFormat::kNpz});
  const ExemplarSet set = run_.Exemplars("block/1");
  const auto arrays = ReadNpz(out_ / "block%2F1.npz");
  EXPECT_EQ(arrays.at("maps").type, "f2");
  EXPECT_EQ(arrays.at("maps").shape, (Shape{3, 4, 3, 4}));
  const auto maps = arrays.at("maps").AsFloats();
  EXPECT_TRUE(std::equal(maps.begin(), maps.begin() + 12, set.Map(0, 0).begin()));
  EXPECT_EQ(arrays.at("activations").AsFloats(), set.activations);
  EXPECT_EQ(arrays.at("thresholds").AsFloats(), set.thresholds);
  const auto ids = arrays.at("photo_ids").AsIntegers();
  EXPECT_TRUE(std::equal(ids.begin(), ids.end(), set.photo_ids.begin(), set.photo_ids.end()));
  EXPECT_EQ(arrays.at("states").AsIntegers(), (std::vector<int64_t>{0, 1, 0}));
}

TEST_F(ExportTest, WrongRequestsAreRefusedBeforeAnythingIsWritten) {
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, {.layers = {"block/7"}}), HasSubstr("block/1"));
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, {.size = 0}), HasSubstr("size"));
  EXPECT_FALSE(std::filesystem::exists(out_));
  CreateFolder(out_);
  WriteFileAtomically(out_ / "thesis.txt", "years of work");
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, {.format = ExportFormat::kCsv}), HasSubstr("--overwrite"));
  Export({.format = ExportFormat::kCsv, .overwrite = true});
  EXPECT_EQ(ReadFile(out_ / "thesis.txt"), "years of work");
  EXPECT_THROW(ParseExportFormat("hdf5"), Error);
}

TEST_F(ExportTest, AMissingPhotoIsNamedAndNoHalfArrayIsLeft) {
  const int32_t id = run_.Exemplars("last").PhotoId(0, 0);
  std::filesystem::remove(run_.PhotoPath(static_cast<size_t>(id)));
  EXPECT_THAT(ErrorOf(ErrorKind::kInput, {.layers = {"last"}, .size = 8}),
              HasSubstr(run_.photos[static_cast<size_t>(id)].name));
  for (const auto& entry : std::filesystem::directory_iterator(out_ / "last")) {
    EXPECT_THAT(entry.path().filename().string(),
                AllOf(testing::Ne(kImagesFile), testing::Not(HasSubstr("partial"))));
  }
}

/// Asks to stop as soon as the pictures begin, and keeps warnings.
class ScriptedProgress final : public NoProgress {
 public:
  void Begin(const std::string& stage, int64_t, const std::string&) override {
    cancelled_ = cancels && stage == "export";
  }
  void Warn(const std::string& text) override { warnings += text; }
  bool Cancelled() const override { return cancelled_; }

  bool cancels = false;
  std::string warnings;

 private:
  bool cancelled_ = false;
};

TEST_F(ExportTest, StopsWhenAskedTo) {
  ScriptedProgress progress;
  progress.cancels = true;
  try {
    ExportRun(run_, out_, {.size = 8}, progress);
    ADD_FAILURE() << "was not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCancelled);
  }
  EXPECT_FALSE(std::filesystem::exists(out_ / "last" / kImagesFile));
}

TEST_F(ExportTest, WarnsOfPhotosThatChangedSinceTheRun) {
  const int32_t id = run_.Exemplars("last").PhotoId(0, 0);
  WriteFileAtomically(run_.PhotoPath(static_cast<size_t>(id)), EncodePng(NoiseImage(20, 16, 99)));
  ScriptedProgress progress;
  ExportRun(run_, out_, {.layers = {"last"}, .size = 8}, progress);
  EXPECT_THAT(progress.warnings, HasSubstr("changed since the run"));
}

}  // namespace
}  // namespace milan
