#include "milan/network/edit.h"

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <onnx/onnx_pb.h>

#include "milan/network/engine.h"
#include "milan/network/test_networks.h"
#include "milan/network/zero_weights.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The network's outputs with the edits made at run time.
std::vector<Array> RunAblated(const Network& network, const std::vector<UnitAxis>& layers,
                              const std::vector<UnitEdit>& edits, const Array& input) {
  const auto engine = CreateEngine(WithGates(network, layers).network);
  std::vector<Array> inputs = {input};
  for (const UnitAxis& layer : layers) {
    GateValues values = NeutralGate(layer);
    for (const UnitEdit& edit : edits) {
      if (edit.layer == layer.layer) values.Set(edit);
    }
    inputs.push_back(values.scale);
    inputs.push_back(values.shift);
  }
  std::vector<ArrayView> views;
  for (const Array& array : inputs) views.push_back(array.View());
  std::vector<Array> outputs;
  engine->Run(views, [&](std::span<const ArrayView> results) {
    for (const ArrayView& result : results) {
      outputs.push_back({result.shape, {result.values.begin(), result.values.end()}});
    }
  });
  return outputs;
}

double LargestDifference(const Array& a, const Array& b) {
  double largest = a.values.size() == b.values.size() ? 0 : INFINITY;
  for (size_t i = 0; i < std::min(a.values.size(), b.values.size()); ++i) {
    largest = std::max(largest, std::abs(double{a.values[i]} - b.values[i]));
  }
  return largest;
}

/// Edits the network, demands the outputs of run-time ablation (and others than without), and gives
/// the methods used.
std::vector<std::string> CheckedMethods(const Network& network, const UnitAxis& layer,
                                        const std::vector<UnitEdit>& edits) {
  Shape shape = network.Inputs()[0].shape;
  shape[0] = 2;
  const Array input = RandomArray(shape, 17);
  const EditedNetwork edited = Edit(network, {layer}, edits);
  const auto outputs = RunOnce(*CreateEngine(edited.network), input);
  const auto expected = RunAblated(network, {layer}, edits, input);
  const auto before = RunOnce(*CreateEngine(network), input);
  double change = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_LT(LargestDifference(outputs[i], expected.at(i)), 1e-6) << "output " << i;
    change = std::max(change, LargestDifference(outputs[i], before.at(i)));
  }
  EXPECT_GT(change, 1e-3) << "the edit does nothing";
  std::vector<std::string> methods;
  for (const AppliedEdit& edit : edited.edits) methods.push_back(ToString(edit.method));
  return methods;
}

std::vector<std::string> Operators(const Network& network) {
  std::vector<std::string> operators;
  for (const auto& value : network.ComputedValues()) operators.push_back(value.op_type);
  return operators;
}

TEST(Edit, ZeroesWeightsOfALayerBehindItsActivation) {
  const Network network = SmallNetwork().Build("small");
  EXPECT_THAT(CheckedMethods(network, {"pool", 8, 1, 4}, {ZeroUnit("pool", 3)}),
              ElementsAre("gate"));  // behind a sum
  const Network plain = network.Tap({"conv1.relu"});
  EXPECT_THAT(CheckedMethods(plain, {"conv1.relu", 8, 1, 4},
                             {ZeroUnit("conv1.relu", 0), ZeroUnit("conv1.relu", 7)}),
              ElementsAre("weights", "weights"));
  const auto edited = Edit(plain, {{"conv1.relu", 8, 1, 4}}, {ZeroUnit("conv1.relu", 0)});
  EXPECT_EQ(Operators(edited.network), Operators(plain));
  EXPECT_THAT(CheckedMethods(network, {"logits", 5, 1, 2}, {ZeroUnit("logits", 4)}),
              ElementsAre("weights"));
}

TEST(Edit, ZeroesWeightsInHalfPrecision) {
  const Network network = SmallNetwork().Build("small", WeightStorage::kHalf);
  EXPECT_THAT(CheckedMethods(network, {"conv1.relu", 8, 1, 4}, {ZeroUnit("conv1.relu", 2)}),
              ElementsAre("weights"));
}

TEST(Edit, GatesWhatIsSetOrScaled) {
  const Network network = SmallNetwork().Build("small");
  EXPECT_THAT(CheckedMethods(network, {"block", 8, 1, 4},
                             {SetUnit("block", 1, 0.5F), ScaleUnit("block", 2, 0.5F)}),
              ElementsAre("gate", "gate"));
}

TEST(Edit, ASetUnitThatOthersPassThroughStaysWhatItIs) {
  const Network network = SmallNetwork().Build("small");
  const std::vector<UnitAxis> layers = {{"conv1", 8, 1, 4}, {"conv1.relu", 8, 1, 4}};
  const std::vector<UnitEdit> edits = {SetUnit("conv1", 3, 0.7F), ZeroUnit("conv1.relu", 3)};
  const Array input = RandomArray({1, 3, 16, 16}, 2);
  const auto edited = RunOnce(*CreateEngine(Edit(network, layers, edits).network), input);
  EXPECT_LT(LargestDifference(edited[0], RunAblated(network, layers, edits, input)[0]), 1e-6);
}

TEST(Edit, GatesWhereOthersReadTheValueBefore) {
  const Network network = SmallNetwork().Build("small").Tap({"conv1", "logits"});
  EXPECT_THAT(CheckedMethods(network, {"conv1.relu", 8, 1, 4}, {ZeroUnit("conv1.relu", 1)}),
              ElementsAre("gate"));
  EXPECT_THAT(CheckedMethods(network, {"conv1", 8, 1, 4}, {ZeroUnit("conv1", 1)}),
              ElementsAre("weights"));
}

TEST(Edit, CopiesSharedWeightsBeforeItZeroesThem) {
  ModelBuilder b("input", {-1, 3, 8, 8});
  b.Weight("w", RandomArray({3, 3, 1, 1}, 1));
  b.Weight("bias", RandomArray({3}, 2));
  b.Apply("Conv", "first", {b.input(), "w", "bias"});
  b.Output(b.Apply("Conv", "second", {"first", "w", "bias"}));
  EXPECT_THAT(CheckedMethods(b.Build("shared"), {"first", 3, 1, 4}, {ZeroUnit("first", 1)}),
              ElementsAre("weights"));
}

TEST(Edit, ZeroesABatchNormalisation) {
  ModelBuilder b("input", {-1, 3, 8, 8});
  std::string x = b.Conv("conv", b.input(), RandomArray({4, 3, 3, 3}, 1), {});
  x = b.Apply(
      "BatchNormalization", "norm",
      {x, b.Weight("scale", RandomArray({4}, 2)), b.Weight("shift", RandomArray({4}, 3)),
       b.Weight("mean", RandomArray({4}, 4)), b.Weight("variance", {{4}, {1, 2, 3, 0.5F}})});
  b.Output(b.Apply("HardSwish", "act", {x}));
  Network network = b.Build("norm");
  onnx::ModelProto model = network.model();
  model.mutable_opset_import(0)->set_version(14);  // the first with HardSwish
  network = Network(model, "norm");
  EXPECT_THAT(CheckedMethods(network, {"act", 4, 1, 4}, {ZeroUnit("act", 2)}),
              ElementsAre("weights"));
}

TEST(Edit, ZeroesTransposedConvolutionsWithGroups) {
  ModelBuilder b("input", {-1, 4, 5, 5});
  b.Output(b.Apply("ConvTranspose", "up",
                   {b.input(), b.Weight("w", RandomArray({4, 3, 2, 2}, 1)),
                    b.Weight("bias", RandomArray({6}, 2))},
                   {{"group", int64_t{2}}, {"strides", std::vector<int64_t>{2, 2}}}));
  EXPECT_THAT(
      CheckedMethods(b.Build("up"), {"up", 6, 1, 4}, {ZeroUnit("up", 1), ZeroUnit("up", 4)}),
      ElementsAre("weights", "weights"));
}

TEST(Edit, LooksThroughConcatenationsAndSwish) {
  ModelBuilder b("input", {-1, 3, 6, 6});
  b.Relu("a", b.Conv("conv_a", b.input(), RandomArray({4, 3, 1, 1}, 1), RandomArray({4}, 2)));
  b.Conv("conv_b", b.input(), RandomArray({5, 3, 1, 1}, 3), RandomArray({5}, 4));
  b.Apply("Sigmoid", "sigmoid", {"conv_b"});
  b.Apply("Mul", "swish", {"conv_b", "sigmoid"});
  b.Output(b.Concat("joined", {"a", "swish"}));
  EXPECT_THAT(CheckedMethods(b.Build("concat"), {"joined", 9, 1, 4},
                             {ZeroUnit("joined", 1), ZeroUnit("joined", 4), ZeroUnit("joined", 8)}),
              ElementsAre("weights", "weights", "weights"));
}

TEST(Edit, GatesBehindAClipAboveZero) {
  for (const float lowest : {0.0F, 0.5F}) {
    ModelBuilder b("input", {-1, 3, 6, 6});
    b.Conv("conv", b.input(), RandomArray({4, 3, 1, 1}, 1), RandomArray({4}, 2));
    b.Output(b.Apply("Clip", "clip", {"conv", b.Weight("low", {{}, {lowest}})}));
    EXPECT_THAT(CheckedMethods(b.Build("clip"), {"clip", 4, 1, 4}, {ZeroUnit("clip", 1)}),
                ElementsAre(lowest == 0 ? "weights" : "gate"));
  }
}

TEST(Edit, ZeroesLinearLayersOfTokens) {
  ModelBuilder b("input", {-1, 3, 4});
  b.Apply("MatMul", "product", {b.input(), b.Weight("w", RandomArray({4, 5}, 1))});
  b.Output(b.Add("tokens", b.Weight("bias", RandomArray({5}, 2)), "product"));
  EXPECT_THAT(CheckedMethods(b.Build("tokens"), {"tokens", 5, 2, 3}, {ZeroUnit("tokens", 4)}),
              ElementsAre("weights"));
}

TEST(Edit, RecordsEditsBesideEarlierOnes) {
  const Network network = SmallNetwork().Build("small");
  const auto once = Edit(network, {{"block", 8, 1, 4}}, {SetUnit("block", 1, 0.5F)});
  const auto twice = Edit(once.network, {{"logits", 5, 1, 2}}, {ZeroUnit("logits", 2)});
  ASSERT_EQ(twice.network.model().metadata_props_size(), 1);
  const auto& entry = twice.network.model().metadata_props(0);
  EXPECT_EQ(entry.key(), kEditsKey);
  const auto edits = nlohmann::json::parse(entry.value());
  ASSERT_EQ(edits.size(), 2U);
  EXPECT_EQ(edits[0]["layer"], "block");
  EXPECT_EQ(edits[0]["value"], 0.5);
  EXPECT_EQ(edits[0]["method"], "gate");
  EXPECT_EQ(edits[1]["unit"], 2);
  EXPECT_EQ(edits[1]["method"], "weights");
}

TEST(Edit, ReadsExternalData) {
  const TemporaryFolder folder;
  onnx::ModelProto model = SmallNetwork().Build("small").model();
  onnx::TensorProto* tensor = model.mutable_graph()->mutable_initializer(0);
  // Without a length the weight is as long as its sizes say, whatever else the file holds.
  WriteFileAtomically(folder / "weights.bin", tensor->raw_data() + "more");
  tensor->clear_raw_data();
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  auto* entry = tensor->add_external_data();
  entry->set_key("location");
  entry->set_value("weights.bin");
  WriteFileAtomically(folder / "network.onnx", model.SerializeAsString());
  const auto edit = [](const Network& network) {
    return Edit(network, {{"conv1.relu", 8, 1, 4}}, {ZeroUnit("conv1.relu", 1)});
  };
  const EditedNetwork edited = edit(Network::Load(folder / "network.onnx"));
  const EditedNetwork expected = edit(SmallNetwork().Build("small"));
  const Array input = RandomArray({1, 3, 16, 16}, 2);
  EXPECT_EQ(edited.edits[0].method, EditMethod::kWeights);
  EXPECT_EQ(RunOnce(*CreateEngine(edited.network), input)[0].values,
            RunOnce(*CreateEngine(expected.network), input)[0].values);
}

TEST(Edit, LooksThroughPoolsOfMapsOnly) {
  ModelBuilder b("input", {-1, 4, 3});
  b.Apply("MatMul", "product", {b.input(), b.Weight("weight", RandomArray({3, 6}, 1))});
  b.Output(
      b.Apply("MaxPool", "pool", {"product"},
              {{"kernel_shape", std::vector<int64_t>{3}}, {"pads", std::vector<int64_t>{1, 1}}}));
  // The pool mixes the numbers of a row: one column of weights is not one of its results.
  EXPECT_THAT(CheckedMethods(b.Build("rows"), {"pool", 6, 2, 3}, {ZeroUnit("pool", 2)}),
              ElementsAre("gate"));
}

TEST(Edit, ValuesJoinedWithThemselvesAreCountedOnce) {
  ModelBuilder b("input", {1, 3, 4, 4});
  std::string x = b.Conv("conv", b.input(), RandomArray({1, 3, 1, 1}, 1), {});
  constexpr int kTimes = 40;  // each doubles the channels, and what counting them would take
  for (int i = 0; i < kTimes; ++i) x = b.Concat("join" + std::to_string(i), {x, x});
  b.Output(b.Relu("end", x));
  onnx::ModelProto model = b.Build("joined").model();
  WeightZeroer zeroer(&model, {});
  EXPECT_FALSE(zeroer.Zero({"end", int64_t{1} << kTimes, 1, 4}, 0));
}

}  // namespace
}  // namespace milan
