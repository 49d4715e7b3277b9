#include "milan/network/network.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include "milan/network/test_networks.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

onnx::NodeProto* AddNode(const std::string& op_type, const std::vector<std::string>& inputs,
                         const std::string& output, onnx::GraphProto* graph) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op_type);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return node;
}

onnx::ValueInfoProto FloatValue(const std::string& name, const Shape& shape) {
  onnx::ValueInfoProto info;
  info.set_name(name);
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(onnx::TensorProto::FLOAT);
  for (const int64_t size : shape) tensor->mutable_shape()->add_dim()->set_dim_value(size);
  return info;
}

/// relu = Relu(input), output = Neg(relu).
onnx::ModelProto TwoNodes() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(13);
  onnx::GraphProto* graph = model.mutable_graph();
  graph->set_name("two nodes");
  *graph->add_input() = FloatValue("input", {1, 4});
  AddNode("Relu", {"input"}, "relu", graph)->set_name("first");
  AddNode("Neg", {"relu"}, "output", graph);
  *graph->add_output() = FloatValue("output", {1, 4});
  return model;
}

/// What milan says of TwoNodes() after `change`.
std::string ProblemAfter(const std::function<void(onnx::ModelProto*)>& change) {
  onnx::ModelProto model = TwoNodes();
  change(&model);
  try {
    const Network network(model, "net.onnx");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

/// An If whose branches read `relu` and the weight `offset` of the graph around them.
onnx::ModelProto WithBranches() {
  onnx::ModelProto model = TwoNodes();
  onnx::GraphProto* graph = model.mutable_graph();
  for (const auto& [name, value] : {std::pair{"offset", 2.0F}, std::pair{"unused", 3.0F}}) {
    onnx::TensorProto* weight = graph->add_initializer();
    weight->set_name(name);
    weight->set_data_type(onnx::TensorProto::FLOAT);
    weight->add_float_data(value);
  }
  onnx::TensorProto* condition = graph->add_initializer();
  condition->set_name("condition");
  condition->set_data_type(onnx::TensorProto::BOOL);
  condition->add_int32_data(1);
  onnx::NodeProto* branch = AddNode("If", {"condition"}, "chosen", graph);
  branch->set_name("branch");
  for (const std::string which : {"then", "else"}) {
    onnx::AttributeProto* attribute = branch->add_attribute();
    attribute->set_name(which + "_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto* body = attribute->mutable_g();
    body->set_name(which);
    AddNode(which == "then" ? "Add" : "Sub", {"relu", "offset"}, which + "_value", body);
    *body->add_output() = FloatValue(which + "_value", {1, 4});
  }
  *graph->add_output() = FloatValue("chosen", {1, 4});
  return model;
}

TEST(Network, ListsInputsOutputsAndValues) {
  const Network network = SmallNetwork().Build("small");
  EXPECT_EQ(network.name(), "small");
  ASSERT_EQ(network.Inputs().size(), 1U);
  EXPECT_EQ(network.Inputs()[0].name, "input");
  EXPECT_EQ(network.Inputs()[0].shape, (Shape{-1, 3, 16, 16}));
  EXPECT_EQ(network.Inputs()[0].type, "float32");
  EXPECT_EQ(network.Outputs().at(0).name, "logits");
  const auto values = network.ComputedValues();
  EXPECT_THAT(NamesOf(values), ElementsAre("conv1", "conv1.relu", "conv2", "sum", "block", "pool",
                                           "average", "flat", "logits"));
  EXPECT_EQ(values[3].op_type, "Add");
  EXPECT_THAT(values[3].inputs, ElementsAre("conv2", "conv1.relu"));
  EXPECT_THAT(values[0].inputs, ElementsAre("input"));
}

TEST(Network, SurvivesAFile) {
  const TemporaryFolder folder;
  const Network network = SmallNetwork().Build("small");
  WriteFileAtomically(folder / "small.onnx", network.Serialize());
  const Network loaded = Network::Load(folder / "small.onnx");
  EXPECT_EQ(loaded.name(), "small.onnx");
  EXPECT_EQ(loaded.folder(), folder.path());
  EXPECT_EQ(loaded.Serialize(), network.Serialize());
}

TEST(Network, WeightsAmongTheInputsAreNotInputs) {
  onnx::ModelProto model = TwoNodes();
  onnx::TensorProto* weight = model.mutable_graph()->add_initializer();
  weight->set_name("weight");
  weight->set_data_type(onnx::TensorProto::FLOAT);
  weight->add_float_data(1);
  *model.mutable_graph()->add_input() = FloatValue("weight", {});
  const Network network(model, "net.onnx");
  ASSERT_EQ(network.Inputs().size(), 1U);
  EXPECT_EQ(network.Inputs()[0].name, "input");
  EXPECT_EQ(network.Tap({"relu"}).model().graph().input_size(), 1);
}

TEST(Network, NodesMayComeInAnyOrder) {
  onnx::ModelProto model = TwoNodes();
  model.mutable_graph()->mutable_node()->SwapElements(0, 1);
  EXPECT_THAT(NamesOf(Network(model, "net.onnx").ComputedValues()), ElementsAre("relu", "output"));
}

TEST(Network, NamesFileAndNodeOfABrokenGraph) {
  EXPECT_EQ(ProblemAfter([](auto*) {}), "no error");
  EXPECT_EQ(ProblemAfter([](auto* model) { model->mutable_graph()->clear_node(); }),
            "net.onnx: the file holds no graph; is it an ONNX network?");
  EXPECT_EQ(ProblemAfter([](auto* model) {
              model->mutable_graph()->mutable_node(0)->set_input(0, "missing");
            }),
            "net.onnx: node 'first' (Relu) reads 'missing', which nothing computes");
  EXPECT_EQ(ProblemAfter([](auto* model) {
              model->mutable_graph()->mutable_node(1)->set_input(0, "missing");
            }),
            "net.onnx: node Neg that computes 'output' reads 'missing', which nothing computes");
  EXPECT_EQ(ProblemAfter([](auto* model) {
              model->mutable_graph()->mutable_node(0)->set_input(0, "output");
            }),
            "net.onnx: the graph has a cycle through node 'first' (Relu)");
  EXPECT_EQ(
      ProblemAfter([](auto* model) { AddNode("Abs", {"input"}, "relu", model->mutable_graph()); }),
      "net.onnx: node Abs that computes 'relu' computes 'relu' a second time");
  EXPECT_EQ(ProblemAfter([](auto* model) {
              AddNode("Abs", {"relu"}, "input", model->mutable_graph())->set_name("again");
            }),
            "net.onnx: node 'again' (Abs) computes 'input', which is already an input or a weight");
  EXPECT_EQ(ProblemAfter([](auto* model) {
              model->mutable_graph()->mutable_output(0)->set_name("nowhere");
            }),
            "net.onnx: output 'nowhere' is computed by no node");
  EXPECT_THAT(ProblemAfter([](auto* model) { model->mutable_graph()->clear_output(); }),
              HasSubstr("no output"));
  EXPECT_THAT(ProblemAfter([](auto* model) { model->clear_opset_import(); }),
              HasSubstr("no version of ONNX's operators"));
}

TEST(Network, MessagesStayOnOneLineWhateverTheNames) {
  const std::string problem = ProblemAfter(
      [](auto* model) { model->mutable_graph()->mutable_node(0)->set_input(0, "evil\n\x1b[31m"); });
  EXPECT_THAT(problem, HasSubstr("'evil??[31m'"));
}

TEST(Network, SubgraphsReadTheValuesAroundThem) {
  const Network network(WithBranches(), "net.onnx");
  const auto values = network.ComputedValues();
  ASSERT_EQ(values.size(), 3U);
  EXPECT_THAT(values[2].inputs, ElementsAre("relu", "relu"));  // once per branch
  onnx::ModelProto broken = WithBranches();
  broken.mutable_graph()->mutable_initializer(0)->set_name("renamed");
  EXPECT_THAT([&] { const Network refused(broken, "net.onnx"); },
              ::testing::ThrowsMessage<Error>(
                  "net.onnx: node 'branch' (If) reads 'offset', which nothing computes"));
}

TEST(Tap, KeepsWhatSubgraphsReadAndNothingElse) {
  const Network tapped = Network(WithBranches(), "net.onnx").Tap({"chosen"});
  EXPECT_THAT(NamesOf(tapped.ComputedValues()), ElementsAre("relu", "chosen"));
  std::vector<std::string> weights;
  for (const auto& weight : tapped.model().graph().initializer()) weights.push_back(weight.name());
  EXPECT_THAT(weights, UnorderedElementsAre("offset", "condition"));
  const auto outputs = RunOnce(*CreateEngine(tapped), {{1, 4}, {-1, 0, 1, 2}});
  EXPECT_EQ(outputs.at(0).values, (std::vector<float>{2, 2, 3, 4}));
}

TEST(Tap, NothingAfterTheLastTapRemains) {
  const Network network = SmallNetwork().Build("small", WeightStorage::kHalf);
  const Network tapped = network.Tap({"conv1.relu"});
  EXPECT_THAT(NamesOf(tapped.ComputedValues()),
              ElementsAre("conv1.weight", "conv1.bias", "conv1", "conv1.relu"));
  EXPECT_EQ(tapped.model().graph().initializer_size(), 2);
  EXPECT_LT(tapped.Serialize().size(), network.Serialize().size() / 2);
}

TEST(Tap, OutputsAreTheTapsInTheOrderAsked) {
  const Network tapped = SmallNetwork().Build("small").Tap({"logits", "conv1", "block"});
  const auto outputs = RunOnce(*CreateEngine(tapped), RandomArray({1, 3, 16, 16}, 9));
  ASSERT_EQ(outputs.size(), 3U);
  EXPECT_EQ(outputs[0].shape, (Shape{1, 5}));
  EXPECT_EQ(outputs[1].shape, (Shape{1, 8, 16, 16}));
  EXPECT_EQ(tapped.Outputs()[0].type, "float32");  // the file told it
}

TEST(Tap, ChangesNoValue) {
  const Network network = SmallNetwork().Build("small");
  const Array input = RandomArray({1, 3, 16, 16}, 9);
  const std::vector<std::string> values = NamesOf(network.ComputedValues());
  const auto together = RunOnce(*CreateEngine(network.Tap(values)), input);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto alone = RunOnce(*CreateEngine(network.Tap({values[i]})), input);
    ASSERT_EQ(alone.at(0).shape, together[i].shape) << values[i];
    for (size_t j = 0; j < alone[0].values.size(); ++j) {
      // Other fusions may round differently, by no more than float32's last bits.
      ASSERT_NEAR(alone[0].values[j], together[i].values[j], 1e-5) << values[i];
    }
  }
}

TEST(Tap, KeepsMetadataAndOperatorSets) {
  onnx::ModelProto model = TwoNodes();
  model.add_opset_import()->set_domain("com.example");
  auto* property = model.add_metadata_props();
  property->set_key("author");
  property->set_value("a person");
  model.add_functions()->set_name("helper");
  const onnx::ModelProto tapped = Network(model, "net.onnx").Tap({"relu"}).model();
  EXPECT_EQ(tapped.opset_import_size(), 2);
  EXPECT_EQ(tapped.metadata_props(0).value(), "a person");
  EXPECT_EQ(tapped.functions_size(), 1);
  EXPECT_EQ(tapped.ir_version(), 8);
}

TEST(Tap, AnUnknownValueGivesTheNearestNames) {
  const Network network = SmallNetwork().Build("small");
  const auto tap = [&](const std::vector<std::string>& values) {
    try {
      network.Tap(values);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(
      tap({"conv1", "conv9"}),
      "small: the network computes no value 'conv9'; the nearest names are conv1, conv2, pool");
  EXPECT_THAT(tap({"input"}), HasSubstr("no value 'input'"));
  EXPECT_THAT(tap({"conv1", "conv1"}), HasSubstr("'conv1' is tapped twice"));
  EXPECT_THAT(tap({}), HasSubstr("no value to tap"));
}

TEST(Network, AnOpenInputSizeTakesPhotosOfOtherSizes) {
  const Network network = SmallNetwork().Build("small");
  const Network open = network.Tap({"pool"}).WithOpenInputSize();
  EXPECT_EQ(open.Inputs().at(0).shape, (Shape{-1, 3, -1, -1}));
  const auto engine = CreateEngine(open);
  EXPECT_EQ(RunOnce(*engine, RandomArray({1, 3, 20, 24}, 1)).at(0).shape, (Shape{1, 8, 10, 12}));
  const Array input = RandomArray({1, 3, 16, 16}, 2);
  const auto expected = RunOnce(*CreateEngine(network.Tap({"pool"})), input).at(0).values;
  EXPECT_THAT(RunOnce(*engine, input).at(0).values,
              ::testing::Pointwise(::testing::FloatNear(1e-5F), expected));
  EXPECT_THROW(Network(TwoNodes(), "net.onnx").WithOpenInputSize(), Error);
}

TEST(Network, WeightsBesideTheFileAreFound) {
  const TemporaryFolder folder;
  const Network whole = SmallNetwork().Build("small");
  onnx::ModelProto model = whole.model();
  std::string data;
  for (auto& weight : *model.mutable_graph()->mutable_initializer()) {
    const auto add = [&](const std::string& key, const std::string& value) {
      auto* entry = weight.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", "weights.bin");
    add("offset", std::to_string(data.size()));
    add("length", std::to_string(weight.raw_data().size()));
    data += weight.raw_data();
    weight.clear_raw_data();
    weight.set_data_location(onnx::TensorProto::EXTERNAL);
  }
  WriteFileAtomically(folder / "weights.bin", data);
  WriteFileAtomically(folder / "small.onnx", model.SerializeAsString());
  const Network split = Network::Load(folder / "small.onnx");
  const Array input = RandomArray({1, 3, 16, 16}, 9);
  const std::vector<std::string> taps = {"block", "logits"};
  const auto expected = RunOnce(*CreateEngine(whole.Tap(taps)), input);
  const auto actual = RunOnce(*CreateEngine(split.Tap(taps)), input);
  EXPECT_EQ(actual.at(0).values, expected.at(0).values);
  EXPECT_EQ(actual.at(1).values, expected.at(1).values);
}

TEST(NearestNames, SubstringsComeFirstThenSmallDistances) {
  const std::vector<std::string> names = {"conv1", "features/fire9/concat", "fire8", "pool"};
  EXPECT_THAT(NearestNames("Fire9", names, 2), ElementsAre("features/fire9/concat", "fire8"));
  EXPECT_THAT(NearestNames("x", {}, 3), IsEmpty());
  EXPECT_EQ(NearestNames("", names, 10).size(), 4U);
}

}  // namespace
}  // namespace milan
