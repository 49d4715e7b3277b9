#include "milan/network/ablatable.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/layer.h"
#include "milan/network/test_networks.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::HasSubstr;

std::vector<Array> RunWith(const Network& network, const std::vector<Array>& inputs,
                           const EngineOptions& options = kAblationEngine) {
  std::vector<ArrayView> views;
  for (const Array& input : inputs) views.push_back(input.View());
  std::vector<Array> outputs;
  CreateEngine(network, options)->Run(views, [&](std::span<const ArrayView> results) {
    for (const ArrayView& result : results) {
      outputs.push_back({result.shape, {result.values.begin(), result.values.end()}});
    }
  });
  return outputs;
}

bool SameBits(const Array& a, const Array& b) {
  return a.shape == b.shape &&
         std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0;
}

void AppendGate(const GateValues& values, std::vector<Array>* inputs) {
  inputs->push_back(values.scale);
  inputs->push_back(values.shift);
}

Array RunWhole(const AblatableNetwork& network, const GateValues& gate, const Array& input) {
  std::vector<Array> inputs = {input};
  AppendGate(gate, &inputs);
  return RunWith(network.whole, inputs)[0];
}

Array RunParts(const AblatableNetwork& network, const GateValues& gate, const Array& input) {
  std::vector<Array> inputs = RunWith(network.cut.prefix, {input});
  AppendGate(gate, &inputs);
  return RunWith(network.cut.suffix, inputs)[0];
}

struct TrainedNetwork {
  const char* name;
  int size;
};

/// Layers throughout trained networks: cut there, unchanged and with every third unit zeroed, the
/// output is that of the whole network to the bit.
class AblateTrained : public ::testing::TestWithParam<TrainedNetwork> {};

TEST_P(AblateTrained, PartsGiveTheWholeNetworksBits) {
  MILAN_NEEDS_SHARED_DATA();
  const int size = GetParam().size;
  const Network network =
      Network::Load(SharedData("networks") / (std::string(GetParam().name) + ".onnx"));
  const std::string output = network.Outputs()[0].name;
  std::vector<Layer> layers = ListLayers(network, size, size);
  std::erase_if(layers, [](const Layer& layer) { return !layer.IsDescribable(); });
  const Array input = RandomArray({1, 3, size, size}, 7);
  const size_t step = std::max<size_t>(1, layers.size() / 5);
  int checked = 0;
  for (size_t i = step / 2; i < layers.size(); i += step) {
    const UnitAxis axis = UnitAxisOf(layers[i]);
    const AblatableNetwork ablatable = PrepareAblation(network, input.shape, {axis}, output);
    const Array plain =
        axis.layer == output
            ? RunWith(network, {input}, {.optimization = Optimization::kFused})[0]
            : RunWith(WithInputShape(network, input.shape).Tap({axis.layer, output}), {input},
                      {.optimization = Optimization::kFused})[1];
    GateValues gate = NeutralGate(axis);
    EXPECT_TRUE(SameBits(RunParts(ablatable, gate, input), plain)) << axis.layer;
    for (int64_t unit = 0; unit < axis.units; unit += 3) gate.Set(ZeroUnit(axis.layer, unit));
    const Array whole = RunWhole(ablatable, gate, input);
    EXPECT_TRUE(SameBits(RunParts(ablatable, gate, input), whole)) << axis.layer;
    EXPECT_FALSE(SameBits(whole, plain)) << axis.layer;
    if (axis.layer == output) continue;
    ASSERT_TRUE(ablatable.plain_suffix.has_value());
    EXPECT_TRUE(SameBits(
        RunWith(*ablatable.plain_suffix, RunWith(ablatable.cut.prefix, {input}))[0], plain))
        << axis.layer;
    ++checked;
  }
  EXPECT_GE(checked, 1);
}

INSTANTIATE_TEST_SUITE_P(Networks, AblateTrained,
                         ::testing::Values(TrainedNetwork{"squeezenet1_1", 227},
                                           TrainedNetwork{"mobilenet_v2", 224},
                                           TrainedNetwork{"resnet20_cifar10", 32},
                                           TrainedNetwork{"vit_cifar10", 32}),
                         [](const auto& network) { return std::string(network.param.name); });

TEST(PrepareAblation, GatesActInHalfPrecision) {
  constexpr int64_t kHalf = 10;
  constexpr int64_t kFloat = 1;
  ModelBuilder b("input", {-1, 3, 4, 4});
  b.Apply("Cast", "half", {b.input()}, {{"to", kHalf}});
  b.Apply("Relu", "relu", {"half"});
  b.Apply("Neg", "neg", {"relu"});
  b.Output(b.Apply("Cast", "out", {"neg"}, {{"to", kFloat}}));
  const UnitAxis axis{"relu", 3, 1, 4};
  const Array input = RandomArray({1, 3, 4, 4}, 1);
  const AblatableNetwork ablatable = PrepareAblation(b.Build("half"), input.shape, {axis}, "out");
  GateValues gate = NeutralGate(axis);
  gate.Set(ZeroUnit("relu", 1));
  gate.Set(SetUnit("relu", 2, 0.25F));
  for (const Array& output : {RunWhole(ablatable, gate, input), RunParts(ablatable, gate, input)}) {
    for (size_t i = 0; i < 48; ++i) {
      const float expected = i < 16 ? -std::max(input.values[i], 0.0F) : i < 32 ? 0 : -0.25F;
      EXPECT_NEAR(output.values[i], expected, 1e-3);
    }
  }
}

TEST(PrepareAblation, SaysThatTheOutputDoesNotDependOnTheLayer) {
  try {
    PrepareAblation(SmallNetwork().Build("small").Tap({"conv1", "logits"}), {1, 3, 16, 16},
                    {{"block", 8, 1, 4}}, "conv1");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("'block'"));
  }
}

}  // namespace
}  // namespace milan
