#include "milan/network/cut.h"

#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/network/engine.h"
#include "milan/network/gates.h"
#include "milan/network/test_networks.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<Array> RunWith(const Network& network, const std::vector<Array>& inputs,
                           Optimization optimization = Optimization::kNone) {
  const auto engine = CreateEngine(network, {.optimization = optimization});
  std::vector<ArrayView> views;
  for (const Array& input : inputs) views.push_back(input.View());
  std::vector<Array> outputs;
  engine->Run(views, [&](std::span<const ArrayView> results) {
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

struct GatedCut {
  GatedNetwork whole;
  CutNetwork cut;
};

GatedCut CutAt(const Network& network, const std::vector<UnitAxis>& layers,
               const std::vector<std::string>& outputs) {
  GatedNetwork gated = WithGates(network, layers);
  std::vector<std::string> changing;
  for (const Gate& gate : gated.gates) {
    changing.push_back(gate.scale);
    changing.push_back(gate.shift);
  }
  CutNetwork cut = Cut(gated.network, changing, outputs);
  return {std::move(gated), std::move(cut)};
}

std::vector<Array> GateInputs(const std::vector<UnitAxis>& layers,
                              const std::vector<UnitEdit>& edits) {
  std::vector<Array> inputs;
  for (const UnitAxis& layer : layers) {
    GateValues values = NeutralGate(layer);
    for (const UnitEdit& edit : edits) {
      if (edit.layer == layer.layer) values.Set(edit);
    }
    inputs.push_back(values.scale);
    inputs.push_back(values.shift);
  }
  return inputs;
}

/// Cut and run, with these edits.
std::vector<Array> RunCut(const CutNetwork& cut, const std::vector<UnitAxis>& layers,
                          const std::vector<UnitEdit>& edits, const Array& input) {
  std::vector<Array> inputs = RunWith(cut.prefix, {input});
  for (Array& gate : GateInputs(layers, edits)) inputs.push_back(std::move(gate));
  return RunWith(cut.suffix, inputs);
}

TEST(Cut, GivesTheWholeNetworksBitsForEveryLayer) {
  const Network network =
      Optimize(SmallNetwork().Build("small").Tap({"conv1", "conv2", "block", "flat", "logits"}));
  const Array input = RandomArray({2, 3, 16, 16}, 3);
  const Array plain = RunWith(network.Tap({"logits"}), {input})[0];
  for (const UnitAxis& layer : {UnitAxis{"conv1", 8, 1, 4}, UnitAxis{"conv2", 8, 1, 4},
                                UnitAxis{"block", 8, 1, 4}, UnitAxis{"flat", 8, 1, 2}}) {
    const GatedCut parts = CutAt(network, {layer}, {"logits"});
    const std::vector<UnitEdit> edits = {ZeroUnit(layer.layer, 1), ScaleUnit(layer.layer, 5, 2)};
    std::vector<Array> inputs = {input};
    for (Array& gate : GateInputs({layer}, edits)) inputs.push_back(std::move(gate));
    const Array whole = RunWith(parts.whole.network.Tap({"logits"}), inputs)[0];
    EXPECT_TRUE(SameBits(RunCut(parts.cut, {layer}, edits, input)[0], whole)) << layer.layer;
    EXPECT_TRUE(SameBits(RunCut(parts.cut, {layer}, {}, input)[0], plain)) << layer.layer;
    EXPECT_FALSE(SameBits(whole, plain)) << layer.layer;
  }
}

TEST(Cut, CrossesWhatASkipConnectionCarriesToo) {
  const GatedCut parts = CutAt(SmallNetwork().Build("small"), {{"conv2", 8, 1, 4}}, {"logits"});
  EXPECT_THAT(parts.cut.crossing, ElementsAre("conv1.relu", "conv2/ungated"));
  EXPECT_THAT(NamesOf(parts.cut.prefix.ComputedValues()),
              ElementsAre("conv1", "conv1.relu", "conv2/ungated"));
}

TEST(Cut, SeveralLayersAreCutAtTheFirst) {
  const std::vector<UnitAxis> layers = {{"flat", 8, 1, 2}, {"block", 8, 1, 4}};
  const Network network = SmallNetwork().Build("small");
  const GatedCut parts = CutAt(network, layers, {"logits"});
  EXPECT_THAT(parts.cut.crossing, ElementsAre("block/ungated"));
  const std::vector<UnitEdit> edits = {ZeroUnit("flat", 1), ZeroUnit("block", 2)};
  const Array input = RandomArray({1, 3, 16, 16}, 9);
  const Array edited = RunWith(WithConstantGates(network, layers, edits), {input})[0];
  EXPECT_TRUE(SameBits(RunCut(parts.cut, layers, edits, input)[0], edited));
}

TEST(Cut, ThePhotoItselfMayCross) {
  ModelBuilder b("input", {-1, 3, 4, 4});
  b.Relu("relu", b.input());
  b.Output(b.Add("sum", "relu", b.input()));
  const std::vector<UnitAxis> layers = {{"relu", 3, 1, 4}};
  const GatedCut parts = CutAt(b.Build("skip"), layers, {"sum"});
  EXPECT_THAT(parts.cut.crossing, ElementsAre("input", "relu/ungated"));
  const Array input = RandomArray({1, 3, 4, 4}, 1);
  const Array edited = RunCut(parts.cut, layers, {ZeroUnit("relu", 0)}, input)[0];
  for (size_t i = 0; i < 16; ++i) EXPECT_EQ(edited.values[i], input.values[i]);
}

TEST(Cut, ComputesSizesAndDoublesAgainInTheSuffix) {
  ModelBuilder b("input", {-1, 3, -1, -1});
  b.Apply("Neg", "before", {b.input()});
  b.Apply("Shape", "sizes", {"before"});
  b.Apply("Cast", "wide", {"before"}, {{"to", int64_t{11}}});
  b.Apply("Sqrt", "root", {"wide"});  // not exact in float32
  b.Apply("Flatten", "flat", {b.Relu("relu", "before")});
  b.Apply("Reshape", "again", {"flat", "sizes"});
  b.Apply("Cast", "wide_again", {"again"}, {{"to", int64_t{11}}});
  b.Apply("Add", "sum", {"wide_again", "root"});
  b.Output(b.Apply("Cast", "out", {"sum"}, {{"to", int64_t{1}}}));
  const Network network = b.Build("typed");
  const std::vector<UnitAxis> layers = {{"relu", 3, 1, 4}};
  const GatedCut parts = CutAt(network, layers, {"out"});
  EXPECT_THAT(parts.cut.crossing, ElementsAre("before", "relu/ungated"));
  Array input = RandomArray({1, 3, 2, 5}, 1);
  for (float& value : input.values) value = -std::abs(value) - 0.1F;
  EXPECT_TRUE(SameBits(RunCut(parts.cut, layers, {}, input)[0], RunWith(network, {input})[0]));
  const Array edited =
      RunWith(WithConstantGates(network, layers, {ZeroUnit("relu", 2)}), {input})[0];
  EXPECT_TRUE(SameBits(RunCut(parts.cut, layers, {ZeroUnit("relu", 2)}, input)[0], edited));
}

TEST(Cut, CarriesHalfPrecisionBitForBit) {
  ModelBuilder b("input", {-1, 3});
  b.Apply("Cast", "half", {b.input()}, {{"to", int64_t{10}}});
  b.Output(b.Apply("Cast", "out", {b.Relu("relu", "half")}, {{"to", int64_t{1}}}));
  const std::vector<UnitAxis> layers = {{"relu", 3, 1, 2}};
  const GatedCut parts = CutAt(b.Build("half"), layers, {"out"});
  EXPECT_EQ(parts.cut.suffix.Inputs()[0].type, "float16");
  const auto outputs = RunCut(parts.cut, layers, {ZeroUnit("relu", 1)}, {{1, 3}, {1.0F / 3, 2, 3}});
  EXPECT_EQ(outputs[0].values, (std::vector<float>{0.33325195F, 0, 3}));
}

TEST(Cut, SaysThatAnOutputDoesNotDependOnTheLayer) {
  try {
    CutAt(SmallNetwork().Build("small").Tap({"conv1", "logits"}), {{"block", 8, 1, 4}}, {"conv1"});
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("'conv1'"));
  }
}

TEST(Optimize, GivesTheBitsOfTheFusedNetworkAndKeepsItsOutputs) {
  const Network network =
      SmallNetwork().Build("small", WeightStorage::kHalf).Tap({"conv1", "logits"});
  const Network optimized = Optimize(network);
  EXPECT_LT(optimized.ComputedValues().size(), network.ComputedValues().size());
  const Array input = RandomArray({2, 3, 16, 16}, 3);
  const auto expected = RunWith(network, {input}, Optimization::kFused);
  const auto outputs = RunWith(optimized, {input});
  ASSERT_EQ(outputs.size(), 2U);
  for (size_t i = 0; i < 2; ++i) EXPECT_TRUE(SameBits(outputs[i], expected[i]));
}

TEST(Cut, NamesMayHoldBraces) {
  const Network network = SmallNetwork().Build("net{7}.onnx");
  try {
    Cut(network, {"nothing"}, {"logits"});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("net{7}.onnx: has no input 'nothing'"));
  }
}

}  // namespace
}  // namespace milan
