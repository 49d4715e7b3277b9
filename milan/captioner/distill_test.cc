#include "milan/captioner/distill.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/random.h"
#include "milan/image/preprocess.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"
#include "milan/network/model_builder.h"
#include "tests/support/pictures.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kPhotos = 24;
constexpr int kPhotoSize = 48;

Array RandomWeights(const Shape& shape, uint64_t seed) {
  Random random(seed);
  Array array{shape, std::vector<float>(static_cast<size_t>(ElementCount(shape)))};
  const double range = 2 / std::sqrt(static_cast<double>(array.values.size()) / shape[0]);
  for (float& value : array.values) {
    value = static_cast<float>(range * (2 * random.Uniform() - 1));
  }
  return array;
}

/// A teacher with levels a, b, c, d of strides 2, 4, 8, 16 and a sidecar for pictures of 64 x 64.
Path WriteTeacher(const TemporaryFolder& folder) {
  ModelBuilder b("input", {-1, 3, 64, 64});
  std::string x = b.input();
  int64_t units = 3;
  for (const std::string name : {"a", "b", "c", "d"}) {
    x = b.Conv(name + ".conv", x, RandomWeights({6, units, 3, 3}, units + name[0]),
               {{6}, std::vector<float>(6, 0.1F)}, {.stride = 2, .padding = 1});
    x = b.Relu(name, x);
    units = 6;
  }
  b.Output(x);
  const Path path = folder / "teacher.onnx";
  WriteFileAtomically(path, b.Build("teacher").Serialize());
  Preprocessing preprocessing;
  preprocessing.shorter_side = 72;
  preprocessing.crop = {64, 64};
  WriteJson(folder / "teacher.json",
            {{"input", ParseJson(ToJsonText(preprocessing), "preprocessing")}});
  return path;
}

/// Coarse coloured blocks: structure at every level, unlike noise.
Image BlockPicture(uint64_t seed) { return Resize(NoiseImage(6, 6, seed), kPhotoSize, kPhotoSize); }

Path WritePhotos(const TemporaryFolder& folder) {
  const Path photos = folder / "photos";
  CreateFolder(photos);
  for (int i = 0; i < kPhotos; ++i) {
    WriteFileAtomically(photos / (std::to_string(i) + ".png"), EncodePng(BlockPicture(i)));
  }
  return photos;
}

DistillOptions SmallOptions(const TemporaryFolder& folder) {
  DistillOptions options;
  options.teacher = WriteTeacher(folder);
  options.teacher_levels = {"a", "b", "c", "d"};
  options.photos = {WritePhotos(folder)};
  options.output = folder / "encoder.onnx";
  options.epochs = 3;
  options.batch_size = 8;
  options.workers = 1;
  return options;
}

/// Asks to stop when the second epoch has begun.
class StopsInSecondEpoch : public NoProgress {
 public:
  void Begin(const std::string& stage, int64_t, const std::string&) override {
    begun_ += stage.find("epoch") != std::string::npos ? 1 : 0;
  }
  bool Cancelled() const override { return begun_ >= 2; }

 private:
  int begun_ = 0;
};

std::string UsageErrorOf(const DistillOptions& options) {
  try {
    NoProgress progress;
    Distill(options, progress);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Distill, WritesAnEncoderWhoseSidecarNamesItsLevels) {
  const TemporaryFolder folder;
  const DistillOptions options = SmallOptions(folder);
  NoProgress progress;
  Distill(options, progress);

  const Network encoder = Network::Load(options.output);
  const Json sidecar = ReadJson(folder / "encoder.json");
  const auto levels = Get<std::vector<std::string>>(sidecar, "levels", "sidecar");
  ASSERT_EQ(levels.size(), 4U);
  const Preprocessing preprocessing = ReadPreprocessing(folder / "encoder.json");
  EXPECT_EQ(preprocessing, ReadPreprocessing(folder / "teacher.json"));
  std::vector<int64_t> heights;
  for (const Layer& layer : SelectLayers(ListLayers(encoder, 64, 64), levels)) {
    EXPECT_TRUE(layer.IsDescribable()) << layer.name;
    heights.push_back(layer.height);
  }
  EXPECT_THAT(heights, ElementsAre(32, 16, 8, 4));
}

TEST(Distill, LearnsWhatTheTeacherSees) {
  const TemporaryFolder folder;
  DistillOptions options = SmallOptions(folder);
  options.epochs = 12;
  NoProgress progress;
  Distill(options, progress);
  const Json training = Get<Json>(ReadJson(folder / "encoder.json"), "training", "sidecar");
  const auto explained = Get<std::vector<double>>(training, "explained_variance", "sidecar");
  ASSERT_EQ(explained.size(), 4U);
  // Predicting every channel's mean explains nothing.
  EXPECT_GT(explained.front(), 0.2);
  for (const double share : explained) EXPECT_LE(share, 1.0);
}

TEST(Distill, ContinuesAsIfNeverInterrupted) {
  const TemporaryFolder folder;
  const DistillOptions options = SmallOptions(folder);
  NoProgress progress;
  Distill(options, progress);
  const std::string uninterrupted = ReadFile(options.output);

  DistillOptions again = options;
  again.output = folder / "again" / "encoder.onnx";
  CreateFolder(folder / "again");
  StopsInSecondEpoch stops;
  EXPECT_THROW(Distill(again, stops), Error);
  Distill(again, progress);
  EXPECT_EQ(ReadFile(again.output), uninterrupted);
}

TEST(Distill, RefusesACheckpointOfOtherOptions) {
  const TemporaryFolder folder;
  DistillOptions options = SmallOptions(folder);
  StopsInSecondEpoch stops;
  EXPECT_THROW(Distill(options, stops), Error);
  options.seed = 2;
  EXPECT_THAT(UsageErrorOf(options),
              AllOf(HasSubstr("encoder.onnx.training"), HasSubstr("remove")));
}

TEST(Distill, SaysWhichLayerHasAnotherStride) {
  const TemporaryFolder folder;
  DistillOptions options = SmallOptions(folder);
  options.teacher_levels = {"a", "b", "d", "c"};
  EXPECT_THAT(UsageErrorOf(options), AllOf(HasSubstr("d"), HasSubstr("strides")));
  options.teacher_levels = {"a", "b"};
  EXPECT_THAT(UsageErrorOf(options), HasSubstr("levels"));
}

TEST(Distill, RefusesOptionsOutOfRange) {
  const TemporaryFolder folder;
  DistillOptions options = SmallOptions(folder);
  options.epochs = 0;
  EXPECT_THAT(UsageErrorOf(options), HasSubstr("--epochs"));
  options = SmallOptions(folder);
  options.learning_rate = -1;
  EXPECT_THAT(UsageErrorOf(options), HasSubstr("--learning-rate"));
  options = SmallOptions(folder);
  options.photos.clear();
  EXPECT_THAT(UsageErrorOf(options), HasSubstr("photos"));
}

}  // namespace
}  // namespace milan
