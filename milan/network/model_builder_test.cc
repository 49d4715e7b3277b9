#include "milan/network/model_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/test_networks.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

Array Ones(const Shape& shape) {
  return {shape, std::vector<float>(static_cast<size_t>(ElementCount(shape)), 1.0F)};
}

std::vector<float> Compute(const ModelBuilder& b, const Array& input) {
  return RunOnce(*CreateEngine(b.Build("built")), input).at(0).values;
}

TEST(ModelBuilder, ConvolutionTakesStridePaddingAndGroups) {
  ModelBuilder b("input", {-1, 2, 3, 3});
  b.Output(b.Conv("conv", b.input(), Ones({2, 1, 3, 3}), {{2}, {0.0F, 100.0F}},
                  {.stride = 2, .padding = 1, .groups = 2}));
  // Each group sums 3 x 3 neighbourhoods of its own channel: 4 of 9 ones fit at a corner.
  EXPECT_THAT(Compute(b, Ones({1, 2, 3, 3})), ElementsAre(4, 4, 4, 4, 104, 104, 104, 104));
}

TEST(ModelBuilder, ConvolutionMayHaveNoBias) {
  ModelBuilder b("input", {-1, 1, 2, 2});
  b.Output(b.Conv("conv", b.input(), Ones({1, 1, 2, 2}), {}));
  EXPECT_THAT(Compute(b, {{1, 1, 2, 2}, {1, 2, 3, 4}}), ElementsAre(10));
}

TEST(ModelBuilder, PoolsJoinsAndSums) {
  const Array input{{1, 1, 2, 2}, {-1, 2, 3, 4}};
  ModelBuilder b("input", {-1, 1, 2, 2});
  const std::string maximum = b.MaxPool("max", b.input());
  const std::string average = b.AveragePool("average", b.input());
  const std::string sum = b.Add("sum", maximum, average);
  const std::string rectified = b.Relu("relu", b.GlobalAveragePool("global", b.input()));
  b.Output(b.Concat("joined", {maximum, average, sum, rectified}));
  EXPECT_THAT(Compute(b, input), ElementsAre(4, 2, 6, 2));
}

TEST(ModelBuilder, GemmTakesOneRowPerOutput) {
  ModelBuilder b("input", {-1, 3, 1, 1});
  b.Output(b.Gemm("logits", b.Flatten("flat", b.input()), {{2, 3}, {1, 0, 0, 1, 1, 1}},
                  {{2}, {0.5F, 0}}));
  EXPECT_THAT(Compute(b, {{1, 3, 1, 1}, {1, 2, 3}}), ElementsAre(1.5F, 6));
}

TEST(ModelBuilder, HalfStorageRoundsTheWeightsOnly) {
  const ModelBuilder b = SmallNetwork();
  const Network whole = b.Build("small", WeightStorage::kFloat);
  const Network half = b.Build("small", WeightStorage::kHalf);
  EXPECT_LT(half.Serialize().size(), whole.Serialize().size() * 3 / 4);
  const Array input = RandomArray({1, 3, 16, 16}, 3);
  const auto expected = RunOnce(*CreateEngine(whole.Tap({"block"})), input).at(0).values;
  const auto actual = RunOnce(*CreateEngine(half.Tap({"block"})), input).at(0).values;
  EXPECT_NE(actual, expected);
  EXPECT_THAT(actual, Pointwise(FloatNear(2e-2F), expected));
}

TEST(ModelBuilder, ANetworkWithoutOutputIsRefused) {
  ModelBuilder b("input", {-1, 3, 8, 8});
  b.Relu("relu", b.input());
  EXPECT_THROW(b.Build("nothing"), Error);
}

}  // namespace
}  // namespace milan
