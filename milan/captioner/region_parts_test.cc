#include "milan/captioner/region_parts.h"

#include <cmath>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

using testing::Each;
using testing::FloatNear;

double Sum(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

std::vector<uint8_t> Rectangle(int side, int left, int top, int right, int bottom) {
  std::vector<uint8_t> mask(static_cast<size_t>(side) * side);
  for (int y = top; y < bottom; ++y) {
    for (int x = left; x < right; ++x) mask[static_cast<size_t>(y) * side + x] = 1;
  }
  return mask;
}

/// A level of two channels: its column and its row.
struct Ramps {
  explicit Ramps(int64_t side) : shape{1, 2, side, side} {
    for (int64_t i = 0; i < 2 * side * side; ++i) {
      const int64_t place = i % (side * side);
      values.push_back(static_cast<float>(i < side * side ? place % side : place / side));
    }
  }
  ArrayView View() const { return {shape, values}; }

  Shape shape;
  std::vector<float> values;
};

std::vector<float> Pooled(const Ramps& level, std::span<const uint8_t> mask, int side) {
  const ArrayView view = level.View();
  const std::vector<float> photo = MeanOverPhoto(view);
  std::vector<float> output(static_cast<size_t>(RegionFeatureSize(Regions::kInContext, 2)));
  PoolInContext({&view, 1}, photo, mask, side, side, output);
  return output;
}

TEST(Coverage, KeepsTheAreaOfAnyMaskOnAnyGrid) {
  Random random(5);
  std::vector<uint8_t> mask(60 * 44);
  for (uint8_t& pixel : mask) pixel = random.Below(4) == 0 ? 1 : 0;
  const double area = std::accumulate(mask.begin(), mask.end(), 0.0) / (60 * 44);
  for (const auto& [height, width] : {std::pair{60, 44}, {7, 7}, {1, 1}, {13, 29}, {91, 50}}) {
    const std::vector<float> coverage = Coverage(mask, 60, 44, height, width);
    ASSERT_EQ(coverage.size(), static_cast<size_t>(height * width));
    EXPECT_NEAR(Sum(coverage) / (height * width), area, 1e-5) << height << " x " << width;
  }
}

TEST(Coverage, IsExactWhereCellsCutPixels) {
  const std::vector<uint8_t> mask = {1, 0, 0};
  const std::vector<float> coverage = Coverage(mask, 1, 3, 1, 2);
  EXPECT_NEAR(coverage[0], 2.0 / 3, 1e-6);
  EXPECT_NEAR(coverage[1], 0, 1e-6);
}

TEST(RegionsInContext, ASinglePixelIsEnough) {
  const std::vector<float> features = Pooled(Ramps(7), Rectangle(224, 100, 33, 101, 34), 224);
  EXPECT_NEAR(features[0], 3, 1e-5);  // column 100 / 32
  EXPECT_NEAR(features[1], 1, 1e-5);
}

TEST(RegionsInContext, TellInsideWholePhotoAndPlace) {
  // The right half of the lower half.
  const std::vector<float> features = Pooled(Ramps(8), Rectangle(224, 112, 112, 224, 224), 224);
  EXPECT_NEAR(features[0], 5.5, 1e-5);
  EXPECT_NEAR(features[1], 5.5, 1e-5);
  EXPECT_NEAR(features[2], 3.5, 1e-5);
  EXPECT_NEAR(features[3], 3.5, 1e-5);
  const auto shape = std::span(features).subspan(4);
  EXPECT_NEAR(Sum(shape.first(kShapeCells * kShapeCells)), 49.0 / 4, 1e-4);
  const auto moments = shape.subspan(kShapeCells * kShapeCells);
  EXPECT_NEAR(moments[0], std::log(0.25 + 1e-3), 1e-5);
  EXPECT_GT(moments[1], 0.4);
  EXPECT_NEAR(moments[1], moments[2], 1e-5);
  EXPECT_NEAR(moments[5], 0, 1e-5) << "an upright rectangle has no slant";
  EXPECT_NEAR(moments[6], 1, 0.1) << "two sides of half a photo";
  EXPECT_NEAR(moments[8], 0.25, 1e-5);
}

TEST(RegionsInContext, AnEmptyMaskGivesZerosInside) {
  const std::vector<float> features = Pooled(Ramps(8), Rectangle(224, 0, 0, 0, 0), 224);
  EXPECT_THAT(std::span(features).first(2), Each(FloatNear(0, 0)));
  for (const float value : features) EXPECT_TRUE(std::isfinite(value));
}

TEST(RegionsInContext, UnknownKindsAreRefused) {
  EXPECT_EQ(ParseRegions("masked", "e.json"), Regions::kMasked);
  EXPECT_EQ(ParseRegions("in context", "e.json"), Regions::kInContext);
  EXPECT_THROW(ParseRegions("all", "e.json"), Error);
}

}  // namespace
}  // namespace milan
