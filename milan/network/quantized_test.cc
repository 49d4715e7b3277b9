// Networks whose weights or values are not float32.

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/layer.h"
#include "milan/network/test_networks.h"
#include "milan/network/unlisted_values.h"
#include "tests/support/test_files.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

Network LoadFixture(const std::string& name) {
  return Network::Load(TestFile("networks/inputs/" + name + ".onnx"));
}

std::vector<std::string> NamesOf(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

TEST(Quantized, FloatingPointValuesAreLayersAndIntegersAreNot) {
  const std::vector<std::string> names = NamesOf(ListLayers(LoadFixture("quantized"), 16, 16));
  EXPECT_THAT(names, AllOf(Contains("conv"), Contains("relu"), Contains("relu.float"),
                           Not(Contains("relu.uint8")), Not(Contains("weight.float"))));
}

TEST(Quantized, DequantisedValuesAreStepsOfTheScale) {
  const auto engine = CreateEngine(LoadFixture("quantized").Tap({"relu", "relu.float"}));
  const auto outputs = RunOnce(*engine, RandomArray({1, 3, 16, 16}, 3));
  ASSERT_EQ(outputs[1].values.size(), 4U * 16 * 16);
  float largest = 0;
  for (size_t i = 0; i < outputs[1].values.size(); ++i) {
    const float steps = outputs[1].values[i] / 0.02F;
    ASSERT_NEAR(steps, std::round(steps), 1e-3);
    // 127 steps are the most that 8 bits with a zero point of 128 hold.
    ASSERT_NEAR(outputs[1].values[i], std::min(outputs[0].values[i], 127 * 0.02F), 0.0101);
    largest = std::max(largest, outputs[1].values[i]);
  }
  EXPECT_GT(largest, 0.5F);
}

TEST(Quantized, SaysWhyAValueIsNoLayer) {
  const Network network = LoadFixture("quantized");
  const std::vector<Layer> layers = ListLayers(network, 16, 16);
  EXPECT_THAT(WhyUnlisted(network, layers, "relu.uint8"),
              AllOf(HasSubstr("'relu.uint8' is uint8"), HasSubstr("'relu.float' can")));
  EXPECT_THAT(WhyUnlisted(network, layers, "weight.float"), HasSubstr("same for every photo"));
  EXPECT_EQ(WhyUnlisted(network, layers, "relu"), "");
  EXPECT_EQ(WhyUnlisted(network, layers, "no such value"), "");
}

TEST(HalfPrecision, InputsAndWeightsGiveFloatActivations) {
  const Network network = LoadFixture("half");
  const std::vector<Layer> layers = ListLayers(network, 16, 16);
  EXPECT_THAT(NamesOf(layers), Contains("relu"));
  const Array relu =
      RunOnce(*CreateEngine(network.Tap({"relu"})), RandomArray({1, 3, 16, 16}, 4))[0];
  EXPECT_EQ(relu.shape, (Shape{1, 4, 16, 16}));
  for (const float value : relu.values) ASSERT_EQ(value, FromHalf(ToHalf(value)));
  EXPECT_GT(*std::max_element(relu.values.begin(), relu.values.end()), 0.1F);
}

}  // namespace
}  // namespace milan
