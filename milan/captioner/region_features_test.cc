#include "milan/captioner/region_features.h"

#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "milan/base/json.h"
#include "milan/base/random.h"
#include "milan/captioner/colour_run.h"
#include "tests/support/npz.h"
#include "tests/support/tar_text.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

constexpr int kSide = 224;

std::string ReadGzip(const Path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  std::string content;
  std::vector<char> piece(1 << 16);
  for (int size = 1; file && size > 0;) {
    size = gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()));
    if (size > 0) content.append(piece.data(), static_cast<size_t>(size));
  }
  return content;
}

std::vector<uint8_t> UnpackMask(const NpyArray& packed, size_t index) {
  std::vector<uint8_t> mask;
  const size_t bytes = kSide * kSide / 8;
  for (size_t i = 0; i < bytes; ++i) {
    const auto byte = std::to_integer<unsigned>(packed.bytes[index * bytes + i]);
    for (int bit = 7; bit >= 0; --bit) mask.push_back(byte >> bit & 1);
  }
  return mask;
}

std::vector<float> Dense(const PoolingWeights& pooling, size_t size) {
  std::vector<float> weights(size, 0.0F);
  for (size_t i = 0; i < pooling.positions.size(); ++i) {
    weights[static_cast<size_t>(pooling.positions[i])] = pooling.weights[i];
  }
  return weights;
}

/// The reference's small resnet with its five levels, as an encoder on disk.
class EncoderParity : public testing::Test {
 protected:
  void SetUp() override {
    MILAN_NEEDS_SHARED_DATA();
    const Path data = SharedData("parity/captioner");
    WriteFileAtomically(folder_ / "taps.onnx", ReadGzip(data / "resnet18_taps.onnx.gz"));
    Preprocessing preprocessing;
    preprocessing.shorter_side = 0;
    preprocessing.size = preprocessing.crop = {kSide, kSide};
    WriteJson(folder_ / "taps.json",
              {{"input", ParseJson(ToJsonText(preprocessing), "preprocessing")},
               {"levels", {"conv1", "layer1", "layer2", "layer3", "layer4"}}});
    encoder_.emplace(Encoder::Open(folder_ / "taps.onnx"));
    expected_ = ReadNpz(data / "encoder_expected.npz");
    sets_ = ReadNpz(data / "sets.npz");
    masks_ = &sets_.at("masks_packed");
  }

  TemporaryFolder folder_;
  std::optional<Encoder> encoder_;
  std::map<std::string, NpyArray> expected_;
  std::map<std::string, NpyArray> sets_;
  const NpyArray* masks_ = nullptr;
};

TEST_F(EncoderParity, FeaturesOfAllSets) {
  ASSERT_EQ(encoder_->feature_size(), 1024);
  const std::vector<int64_t> photos = sets_.at("image_index").AsIntegers();
  const std::vector<float> expected = expected_.at("features").AsFloats();
  float largest = 0;
  for (const float value : expected) largest = std::max(largest, std::abs(value));
  float difference = 0;
  for (int64_t crop = 0; crop < 18; ++crop) {
    const std::string number = std::string(crop < 10 ? "0" : "") + std::to_string(crop);
    const std::string png = ReadFile(SharedData("parity/captioner/crops/" + number + ".png"));
    const Image picture = Decode(std::as_bytes(std::span(png))).image;
    encoder_->Run(picture, [&](std::span<const ArrayView> levels) {
      for (size_t i = 0; i < photos.size(); ++i) {
        if (photos[i] != crop) continue;
        std::vector<float> features(1024);
        PoolLevels(levels, UnpackMask(*masks_, i), kSide, kSide, features);
        for (size_t j = 0; j < features.size(); ++j) {
          difference = std::max(difference, std::abs(features[j] - expected[i * 1024 + j]));
        }
      }
    });
  }
  EXPECT_LT(difference, 1e-4F * largest);
}

TEST_F(EncoderParity, MasksAtCoarseLevels) {
  for (const int side : {7, 14}) {
    const std::string name =
        "masks_" + std::to_string(side) + "x" + std::to_string(side) + "_of_sets_0_1_first_6";
    const std::vector<float> expected = expected_.at(name).AsFloats();
    const auto area = static_cast<size_t>(side) * side;
    for (size_t i = 0; i < 12; ++i) {
      const size_t set = i / 6;
      const std::vector<uint8_t> mask = UnpackMask(*masks_, set * 15 + i % 6);
      const std::vector<float> weights =
          Dense(PoolingWeightsOf(mask, kSide, kSide, side, side), area);
      double sum = 0;
      for (size_t j = 0; j < area; ++j) sum += expected[i * area + j];
      for (size_t j = 0; j < area; ++j) {
        EXPECT_NEAR(weights[j], sum > 0 ? expected[i * area + j] / sum : 0, 1e-6);
      }
    }
  }
}

TEST_F(EncoderParity, SmallMasksVanishWhereTheReferenceLosesThem) {
  const std::vector<float> expected = expected_.at("features").AsFloats();
  const auto all_zero = [&](size_t exemplar, size_t first, size_t count) {
    const auto begin = expected.begin() + static_cast<ptrdiff_t>(exemplar * 1024 + first);
    return std::all_of(begin, begin + static_cast<ptrdiff_t>(count),
                       [](float value) { return value == 0; });
  };
  const auto vanishes = [&](size_t exemplar, int side) {
    return PoolingWeightsOf(UnpackMask(*masks_, exemplar), kSide, kSide, side, side)
        .positions.empty();
  };
  EXPECT_EQ(vanishes(1, 112), all_zero(1, 0, 64));  // a mask of zeros
  EXPECT_TRUE(vanishes(1, 112));
  EXPECT_EQ(vanishes(15, 7), all_zero(15, 512, 512));  // 8 x 8, between the points of 7 x 7
  EXPECT_TRUE(vanishes(15, 7));
  EXPECT_EQ(vanishes(16, 7), all_zero(16, 512, 512));  // 2 x 2, on a point of 7 x 7
  EXPECT_FALSE(vanishes(16, 7));
  EXPECT_TRUE(vanishes(16, 14));
}

TEST(PoolingWeights, OnePixelSurvivesOnlyWhereALevelReadsIt) {
  std::vector<uint8_t> mask(kSide * kSide, 0);
  mask[16 * kSide + 16] = 1;
  EXPECT_EQ(PoolingWeightsOf(mask, kSide, kSide, 7, 7).positions, (std::vector<int32_t>{0}));
  EXPECT_TRUE(PoolingWeightsOf(mask, kSide, kSide, 56, 56).positions.empty());
  mask.assign(mask.size(), 0);
  mask[17 * kSide + 18] = 1;  // 4i+1, 4j+2
  EXPECT_EQ(PoolingWeightsOf(mask, kSide, kSide, 56, 56).positions.size(), 1U);
  EXPECT_TRUE(PoolingWeightsOf(mask, kSide, kSide, 7, 7).positions.empty());
}

TEST(PoolingWeights, SumToOne) {
  Random random(5);
  std::vector<uint8_t> mask(64 * 48);
  for (uint8_t& value : mask) value = static_cast<uint8_t>(random.Below(2));
  for (const int side : {1, 3, 48, 100}) {
    const PoolingWeights weights = PoolingWeightsOf(mask, 64, 48, side, side);
    double sum = 0;
    for (const float weight : weights.weights) sum += weight;
    EXPECT_NEAR(sum, 1, 1e-5) << side;
  }
}

TEST(RegionFeatures, AreTheColoursUnderTheMasks) {
  const TemporaryFolder folder;
  const milan::Run run = OpenRun(WriteColourRun(folder.path(), 7));
  const Encoder encoder = Encoder::Open(WriteColourEncoder(folder.path()));
  const ExemplarSet exemplars = run.Exemplars("layer");
  const std::vector<UnitSelection> selections = {{&exemplars, {2, 0}}};
  NoProgress progress;
  const Array features = ComputeRegionFeatures(run, selections, encoder, 2, progress);
  ASSERT_EQ(features.shape, (Shape{2, kColourExemplars, 12}));
  for (size_t row = 0; row < 2; ++row) {
    const auto& rgb = kColours[row == 0 ? 2 : 0].rgb;
    for (size_t channel = 0; channel < 3; ++channel) {
      const float value = (static_cast<float>(rgb[channel]) / 255 - 0.5F) / 0.5F;
      const float* exemplar = &features.values[row * kColourExemplars * 12];
      EXPECT_NEAR(exemplar[channel], std::max(value, 0.0F), 0.02);
      EXPECT_NEAR(exemplar[channel + 3], std::max(-value, 0.0F), 0.02);
      EXPECT_NEAR(exemplar[channel + 6], std::max(value, 0.0F), 0.1);
    }
  }
  EXPECT_EQ(ComputeRegionFeatures(run, selections, encoder, 1, progress).values, features.values);
}

TEST(RegionFeatures, UnitsWithFewerExemplarsRepeatThem) {
  const TemporaryFolder folder;
  const milan::Run run = OpenRun(WriteColourRun(folder.path(), 7));
  const Encoder encoder = Encoder::Open(WriteColourEncoder(folder.path()));
  ExemplarSet exemplars = run.Exemplars("layer");
  exemplars.photo_ids[1] = exemplars.photo_ids[2] = -1;
  const std::vector<UnitSelection> selections = {{&exemplars, {0}}};
  NoProgress progress;
  const std::vector<float> values =
      ComputeRegionFeatures(run, selections, encoder, 1, progress).values;
  const std::vector<float> first(values.begin(), values.begin() + 12);
  EXPECT_THAT(std::vector<float>(values.begin() + 12, values.begin() + 24),
              testing::ElementsAreArray(first));
  EXPECT_THAT(std::vector<float>(values.begin() + 24, values.end()),
              testing::ElementsAreArray(first));
}

TEST(RegionFeatures, PhotosInAnArchiveGiveTheSameFeatures) {
  const TemporaryFolder folder;
  milan::Run run = OpenRun(WriteColourRun(folder.path(), 7));
  const Encoder encoder = Encoder::Open(WriteColourEncoder(folder.path()));
  const ExemplarSet exemplars = run.Exemplars("layer");
  const std::vector<UnitSelection> selections = {{&exemplars, {0, 1}}};
  NoProgress progress;
  const Array from_files = ComputeRegionFeatures(run, selections, encoder, 1, progress);
  std::string tar;
  for (size_t id = 0; id < run.photos.size(); ++id) {
    const std::string& name = run.photos[id].name;
    tar += TarMember(name, ReadFile(run.PhotoPath(id)));
    std::filesystem::remove(run.PhotoPath(id));
    run.photos[id].name = "shard.tar/" + name;
  }
  WriteFileAtomically(run.photo_root / "shard.tar", tar + TarEnd());
  EXPECT_EQ(ComputeRegionFeatures(run, selections, encoder, 2, progress).values, from_files.values);
}

TEST(RegionFeatures, PhotoThatIsGoneIsNamed) {
  const TemporaryFolder folder;
  const milan::Run run = OpenRun(WriteColourRun(folder.path(), 7));
  const Encoder encoder = Encoder::Open(WriteColourEncoder(folder.path()));
  const ExemplarSet exemplars = run.Exemplars("layer");
  const std::vector<UnitSelection> selections = {{&exemplars, {0}}};
  std::filesystem::remove(run.PhotoPath(static_cast<size_t>(exemplars.PhotoId(0, 0))));
  NoProgress progress;
  try {
    ComputeRegionFeatures(run, selections, encoder, 1, progress);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), testing::HasSubstr("photo0.png"));
  }
}

}  // namespace
}  // namespace milan
