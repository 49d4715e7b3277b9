#include "milan/exemplar/mask.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/exemplar/test_activations.h"

namespace milan {
namespace {

TEST(Mask, AOneHotCornerFadesAsInTheReference) {
  std::vector<float> map(49, 0);
  map[0] = 1;
  const auto up = UpsampleMap(map, {7, 7}, {224, 224});
  EXPECT_NEAR(up[0], 0.515625F * 0.515625F, 1e-6);
  EXPECT_NEAR(up[15 * 224 + 15], 0.984375F * 0.984375F, 1e-6);
  EXPECT_NEAR(up[16 * 224 + 16], 0.984375F * 0.984375F, 1e-6);
  EXPECT_EQ(up[100 * 224 + 100], 0);
}

/// Bilinear interpolation by its definition, in double precision.
double Interpolate(const std::vector<float>& map, int height, int width, double y, double x) {
  double sum = 0;
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const double row_weight = height == 1 ? 1 : std::max(0.0, 1 - std::abs(y - row));
      const double column_weight = width == 1 ? 1 : std::max(0.0, 1 - std::abs(x - column));
      sum += map[row * width + column] * row_weight * column_weight;
    }
  }
  return sum;
}

TEST(Mask, UpsamplesAnySizeByTheDefinition) {
  for (const auto& [height, width, out_height, out_width] :
       {std::array{3, 5, 20, 11}, {1, 4, 9, 9}, {6, 1, 9, 7}, {13, 13, 5, 6}, {1, 1, 3, 4}}) {
    const auto map = RandomActivations(height * width, height, false);
    const MapSize out = {out_height, out_width};
    const auto zeros = UpsampleMap(map, {height, width}, out);
    const auto clamp = UpsampleMap(map, {height, width}, out, MaskBorder::kClamp);
    for (int y = 0; y < out_height; ++y) {
      for (int x = 0; x < out_width; ++x) {
        const double source_y = (y + 0.5) * height / out_height - 0.5;
        const double source_x = (x + 0.5) * width / out_width - 0.5;
        EXPECT_NEAR(zeros[y * out_width + x], Interpolate(map, height, width, source_y, source_x),
                    1e-5);
        EXPECT_NEAR(clamp[y * out_width + x],
                    Interpolate(map, height, width, std::clamp(source_y, 0.0, height - 1.0),
                                std::clamp(source_x, 0.0, width - 1.0)),
                    1e-5);
      }
    }
  }
}

TEST(Mask, IsStrictlyAboveTheThreshold) {
  const std::vector<float> constant = {2};
  const auto count = [](const std::vector<uint8_t>& mask) {
    return std::accumulate(mask.begin(), mask.end(), 0);
  };
  EXPECT_EQ(count(ComputeMask(constant, {1, 1}, 2, {8, 8})), 0);
  EXPECT_EQ(count(ComputeMask(constant, {1, 1}, 1.999F, {8, 8})), 64);
  const std::vector<float> dead(9, 0);
  EXPECT_EQ(count(ComputeMask(dead, {3, 3}, 0, {8, 8})), 0);
}

TEST(Mask, ANegativeThresholdLightsTheBorderUnlessItIsClamped) {
  const std::vector<float> map(16, -1);
  const auto zeros = ComputeMask(map, {4, 4}, -0.9F, {64, 64});
  EXPECT_EQ(zeros[0], 1);
  EXPECT_EQ(zeros[32 * 64 + 32], 0);
  const auto clamp = ComputeMask(map, {4, 4}, -0.9F, {64, 64}, MaskBorder::kClamp);
  EXPECT_EQ(std::accumulate(clamp.begin(), clamp.end(), 0), 0);
}

TEST(Mask, RefusesAMapOfAnotherSize) {
  const std::vector<float> map(8, 1);
  EXPECT_THROW(UpsampleMap(map, {3, 3}, {8, 8}), Error);
}

}  // namespace
}  // namespace milan
