#include "milan/network/gates.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/network/engine.h"
#include "milan/network/old_networks.h"
#include "milan/network/test_networks.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::vector<uint32_t> Bits(const Array& array) {
  std::vector<uint32_t> bits;
  for (const float value : array.values) bits.push_back(std::bit_cast<uint32_t>(value));
  return bits;
}

std::vector<Array> RunWith(const Network& network, const std::vector<Array>& inputs) {
  const auto engine = CreateEngine(network, {.optimization = Optimization::kNone});
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

/// What the gated network gives for these edits.
std::vector<Array> RunGated(const Network& network, const std::vector<UnitAxis>& layers,
                            const std::vector<UnitEdit>& edits, const Array& input) {
  const GatedNetwork gated = WithGates(network, layers);
  std::vector<Array> inputs = {input};
  for (const UnitAxis& layer : layers) {
    GateValues values = NeutralGate(layer);
    for (const UnitEdit& edit : edits) {
      if (edit.layer == layer.layer) values.Set(edit);
    }
    inputs.push_back(values.scale);
    inputs.push_back(values.shift);
  }
  return RunWith(gated.network, inputs);
}

template <typename Work>
std::string UsageErrorOf(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// A layer with one operator on a vector of three units.
Network OneLayer(const std::string& op_type) {
  ModelBuilder b("input", {-1, 3});
  b.Output(b.Relu("end", b.Apply(op_type, "layer", {b.input()})));
  return b.Build("one").Tap({"layer", "end"});
}

TEST(Gates, NeutralOnesChangeNoBit) {
  const Network network =
      SmallNetwork().Build("small").Tap({"conv1", "block", "pool", "flat", "logits"});
  const std::vector<UnitAxis> layers = {
      {"conv1", 8, 1, 4}, {"block", 8, 1, 4}, {"flat", 8, 1, 2}, {"logits", 5, 1, 2}};
  const Array input = RandomArray({2, 3, 16, 16}, 3);
  const auto plain = RunWith(network, {input});
  const auto gated = RunGated(network, layers, {}, input);
  ASSERT_EQ(gated.size(), plain.size());
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(Bits(plain[i]), Bits(gated[i])) << i;
}

TEST(Gates, NeutralOnesKeepWhatIsNotFinite) {
  const Array input{{1, 3}, {1.5F, -kInfinity, std::nanf("")}};
  const auto gated = RunGated(OneLayer("Neg"), {{"layer", 3, 1, 2}}, {}, input);
  EXPECT_EQ(Bits(gated[0]), Bits(RunWith(OneLayer("Neg"), {input})[0]));
}

TEST(Gates, ZeroSetAndScaleUnits) {
  const Array input{{2, 3}, {1, 2, 3, -4, -5, -6}};
  const auto outputs =
      RunGated(OneLayer("Identity"), {{"layer", 3, 1, 2}},
               {ZeroUnit("layer", 0), SetUnit("layer", 1, 7), ScaleUnit("layer", 2, 0.5F)}, input);
  EXPECT_EQ(outputs[0].values, (std::vector<float>{0, 7, 1.5F, 0, 7, -3}));
  EXPECT_EQ(outputs[1].values, (std::vector<float>{0, 7, 1.5F, 0, 7, 0}));  // readers see it
}

TEST(Gates, AZeroedUnitIsZeroWhateverItWas) {
  const Array input{{1, 3}, {kInfinity, std::nanf(""), 1}};
  const auto outputs =
      RunGated(OneLayer("Identity"), {{"layer", 3, 1, 2}},
               {ZeroUnit("layer", 0), ZeroUnit("layer", 1), SetUnit("layer", 2, 2)}, input);
  EXPECT_EQ(Bits(outputs[0]), Bits({{1, 3}, {0, 0, 2}}));
}

TEST(Gates, ActOnWholeMapsOfTheUnit) {
  const Network network = SmallNetwork().Build("small").Tap({"pool"});
  const Array input = RandomArray({1, 3, 16, 16}, 4);
  const Array plain = RunWith(network, {input})[0];
  const Array edited = RunGated(network, {{"pool", 8, 1, 4}}, {SetUnit("pool", 6, 3)}, input)[0];
  for (size_t i = 0; i < plain.values.size(); ++i) {
    EXPECT_EQ(edited.values[i], i / 64 == 6 ? 3 : plain.values[i]);
  }
}

TEST(Gates, ActOnTheLastAxisOfTokens) {
  ModelBuilder b("input", {-1, 2, 3});  // [N, tokens, units]
  b.Output(b.Apply("Identity", "tokens", {b.input()}));
  const Array input{{1, 2, 3}, {1, 2, 3, 4, 5, 6}};
  const auto outputs =
      RunGated(b.Build("tokens"), {{"tokens", 3, 2, 3}}, {ZeroUnit("tokens", 1)}, input);
  EXPECT_EQ(outputs[0].values, (std::vector<float>{1, 0, 3, 4, 0, 6}));
}

TEST(Gates, WorkInTheLayersPrecision) {
  ModelBuilder b("input", {-1, 3});
  b.Apply("Cast", "half", {b.input()}, {{"to", int64_t{10}}});
  b.Output(b.Apply("Cast", "single", {"half"}, {{"to", int64_t{1}}}));
  const Array input{{1, 3}, {1, 2, 1.0F / 3}};
  const auto outputs = RunGated(b.Build("half").Tap({"half"}), {{"half", 3, 1, 2}},
                                {ScaleUnit("half", 1, 0.25F)}, input);
  EXPECT_EQ(outputs[0].values, (std::vector<float>{1, 0.5F, 0.33325195F}));
}

TEST(Gates, ConstantsGiveTheSameBitsAsInputs) {
  const Network network = SmallNetwork().Build("small").Tap({"conv1", "block", "flat", "logits"});
  const std::vector<UnitAxis> layers = {{"conv1", 8, 1, 4}, {"block", 8, 1, 4}, {"flat", 8, 1, 2}};
  const std::vector<UnitEdit> edits = {ZeroUnit("conv1", 2),        SetUnit("conv1", 3, -0.5F),
                                       ScaleUnit("conv1", 7, 1.7F), ScaleUnit("block", 0, -2),
                                       {"block", 1, 0.5F, 0.25F},   ZeroUnit("flat", 4)};
  const Array input = RandomArray({2, 3, 16, 16}, 5);
  const auto expected = RunGated(network, layers, edits, input);
  const auto outputs = RunWith(WithConstantGates(network, layers, edits), {input});
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(Bits(outputs[i]), Bits(expected[i])) << i;
}

TEST(Gates, OldFilesStayInOrder) {
  const Network network = SmallNetwork().Build("small").Tap({"block", "flat", "logits"});
  const std::vector<UnitAxis> layers = {{"block", 8, 1, 4}, {"flat", 8, 1, 2}};
  const std::vector<UnitEdit> edits = {ZeroUnit("block", 2), ScaleUnit("block", 5, 2),
                                       ZeroUnit("flat", 1), SetUnit("flat", 3, 0.5F)};
  const Array input = RandomArray({1, 3, 16, 16}, 6);
  const Network old = AsOldFile(network);
  const Network edited = WithConstantGates(old, layers, edits);
  ExpectOldFileInOrder(edited);
  const auto expected = RunWith(WithConstantGates(network, layers, edits), {input});
  const auto outputs = RunWith(edited, {input});
  const auto gated = RunGated(old, layers, edits, input);
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(outputs[i].values, expected[i].values) << i;
    EXPECT_EQ(gated[i].values, expected[i].values) << i;
  }
  for (const auto& tensor : edited.model().graph().initializer()) {
    const auto& nodes = edited.model().graph().node();
    EXPECT_TRUE(std::any_of(nodes.begin(), nodes.end(),
                            [&](const auto& node) {
                              return std::count(node.input().begin(), node.input().end(),
                                                tensor.name()) > 0;
                            }))
        << tensor.name() << " is read by nobody";
  }
}

TEST(Gates, RefuseValuesThatTheLayersPrecisionDoesNotHave) {
  ModelBuilder b("input", {-1, 3});
  b.Apply("Cast", "half", {b.input()}, {{"to", int64_t{10}}});
  b.Output(b.Apply("Cast", "single", {"half"}, {{"to", int64_t{1}}}));
  const Network network = b.Build("half");
  const std::vector<UnitAxis> layers = {{"half", 3, 1, 2}};
  EXPECT_THAT(
      UsageErrorOf([&] { WithConstantGates(network, layers, {SetUnit("half", 1, 70000)}); }),
      AllOf(HasSubstr("unit 1"), HasSubstr("half precision")));
  EXPECT_NO_THROW(WithConstantGates(network, layers, {SetUnit("half", 1, 65504)}));
}

TEST(Gates, SayWhatIsWrong) {
  const Network network = SmallNetwork().Build("small");
  EXPECT_THAT(UsageErrorOf([&] {
                WithGates(network, {{"blok", 8, 1, 4}});
              }),
              AllOf(HasSubstr("'blok'"), HasSubstr("block")));
  const std::vector<UnitAxis> layers = {{"block", 8, 1, 4}};
  EXPECT_THAT(UsageErrorOf([&] { WithConstantGates(network, layers, {ZeroUnit("block", 8)}); }),
              AllOf(HasSubstr("no unit 8"), HasSubstr("8 units")));
  EXPECT_THAT(UsageErrorOf([&] {
                WithConstantGates(network, layers, {ZeroUnit("block", 1), ZeroUnit("block", 1)});
              }),
              HasSubstr("edited twice"));
  ModelBuilder b("input", {-1, 3, 8, 8});
  b.Apply("ArgMax", "best", {b.input()}, {{"axis", int64_t{1}}});
  b.Output(b.Apply("Cast", "back", {"best"}, {{"to", int64_t{1}}}));
  EXPECT_THAT(UsageErrorOf([&] {
                WithGates(b.Build("argmax"), {{"best", 1, 1, 4}});
              }),
              HasSubstr("int64"));
}

TEST(UnitAxisOf, LiesWhereTheLayoutSays) {
  const auto axis_of = [](Layout layout, const Shape& shape) {
    return UnitAxisOf({"layer", "Add", layout, shape, 6, 2, 2}).axis;
  };
  EXPECT_EQ(axis_of(Layout::kMap, {1, 6, 2, 2}), 1);
  EXPECT_EQ(axis_of(Layout::kVector, {1, 6}), 1);
  EXPECT_EQ(axis_of(Layout::kNhwc, {1, 2, 2, 6}), 3);
  EXPECT_EQ(axis_of(Layout::kTokens, {1, 5, 6}), 2);
  EXPECT_EQ(axis_of(Layout::kHeads, {1, 6, 5, 5}), 1);
  EXPECT_EQ(axis_of(Layout::kHeads, {6, 5, 5}), 0);
}

}  // namespace
}  // namespace milan
