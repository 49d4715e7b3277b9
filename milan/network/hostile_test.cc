// Files made to harm: each gets an error that names the place, and no memory to speak of.

#include <filesystem>
#include <fstream>

#include "milan/network/hostile_networks.h"
#include "milan/network/layer.h"
#include "milan/network/limits.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

// Numbers of protobuf fields: a model's graph, a graph's nodes, a node's attributes, an attribute's
// graph.
constexpr int kGraph = 7;
constexpr int kNode = 1;
constexpr int kAttribute = 5;
constexpr int kAttributeGraph = 6;

TEST(Hostile, TheNetworkOfTheseTestsIsInOrder) {
  EXPECT_EQ(ProblemAfter([](auto*) {}), "no error");
}

/// Graphs in graphs, as bytes: protobuf itself cannot write what is nested without end.
std::string NestedGraphs(int depth) {
  std::string graph;
  for (int i = 0; i < depth; ++i) {
    graph = Field(kNode, Field(kAttribute, Field(kAttributeGraph, graph)));
  }
  return Field(kGraph, graph);
}

TEST(Hostile, GraphsInGraphsWithoutEnd) {
  EXPECT_THAT(ProblemOfBytes(NestedGraphs(33)), HasSubstr("more than 32 deep"));
  EXPECT_THAT(ProblemOfBytes(NestedGraphs(2000)), HasSubstr("more than 32 deep"));
  EXPECT_THAT(ProblemOfBytes(NestedGraphs(32)), Not(HasSubstr("deep")));
}

TEST(Hostile, UnknownGroupsInGroupsWithoutEnd) {
  // A start mark of a field that ONNX does not have takes two bytes.
  EXPECT_THAT(ProblemOfBytes(Repeated("\xA3\x06", 5'000'000)), HasSubstr("not an ONNX file"));
}

TEST(Hostile, MillionsOfNodesAreCountedBeforeTheyAreMade) {
  // Two bytes each in the file, more than a hundred in memory.
  const std::string node = Field(kNode, "");
  EXPECT_THAT(ProblemOfBytes(Field(kGraph, Repeated(node, limits::kMostNodes + 1))),
              HasSubstr("has more than 1000000 nodes"));
}

TEST(Hostile, FilesThatGrowWhenReadAreWeighedFirst) {
  // An empty tensor takes two bytes in the file and about two hundred in memory.
  EXPECT_THAT(ProblemOfBytes(Field(kGraph, Repeated(Field(5, ""), 25'000'000))),
              HasSubstr("more than 4 GiB once read"));
  // So does what ONNX does not know, which messages keep: here groups of numbers.
  const std::string group = "\xA3\x06" + Repeated("\x08\x01", 70'000'000) + "\xA4\x06";
  EXPECT_THAT(ProblemOfBytes(group), HasSubstr("more than 4 GiB once read"));
}

TEST(Hostile, AFileBeyondTwoGigabytesIsNotRead) {
  const TemporaryFolder folder;
  std::ofstream(folder / "net.onnx") << "\x08\x07";
  std::filesystem::resize_file(folder / "net.onnx", (uintmax_t{2} << 30) + 1);  // takes no disk
  EXPECT_THAT([&] { Network::Load(folder / "net.onnx"); },
              ThrowsMessage<Error>(
                  AllOf(HasSubstr("net.onnx: larger than 2 GiB"), HasSubstr("external data"))));
}

TEST(Hostile, ManyNodesThatCaptureEverythingTakeTimeInTheirNumber) {
  // 200 values, captured through 30 graphs in each of 100 nodes: what each graph reads is found
  // once per level.
  const std::string problem = ProblemAfter([](onnx::ModelProto* model) {
    onnx::GraphProto* graph = model->mutable_graph();
    for (int i = 0; i < 200; ++i) AddNode("Relu", {"conv1"}, "v" + std::to_string(i), graph);
    for (int i = 0; i < 100; ++i) {
      onnx::NodeProto* node = AddNode("If", {"conv1"}, "if" + std::to_string(i), graph);
      for (int depth = 0; depth < 30; ++depth) {
        onnx::GraphProto* body = AddGraph("then_branch", node);
        node = AddNode("If", {"conv1"}, "inner" + std::to_string(depth), body);
      }
      for (int j = 0; j < 200; ++j) node->add_input("v" + std::to_string(j));
    }
  });
  EXPECT_EQ(problem, "no error");
}

TEST(Hostile, AListOfValuesThatMultipliesIsRefused) {
  // Each output is listed with everything that its node reads: 30,000 times 30,000 names.
  EXPECT_THAT(ProblemAfter([](onnx::ModelProto* model) {
                onnx::NodeProto* node = AddNode("Loop", {}, "first", model->mutable_graph());
                node->set_name("wide");
                for (int i = 0; i < 30'000; ++i) {
                  node->add_input("conv1");
                  node->add_output("o" + std::to_string(i));
                }
              }),
              AllOf(HasSubstr("more than 1024 MiB"), HasSubstr("node 'wide' (Loop)"),
                    HasSubstr("30000 inputs")));
}

TEST(Hostile, NamesOfAnyLengthAndBytes) {
  EXPECT_THAT(ProblemAfter([](onnx::ModelProto* model) {
                AddNode("Relu", {"conv1"}, std::string(70'000, 'n'), model->mutable_graph());
              }),
              AllOf(HasSubstr("name of a value has 70000 bytes"), HasSubstr("limit is 65536")));
  EXPECT_THAT(ProblemAfter([](onnx::ModelProto* model) {
                onnx::NodeProto* branch = AddNode("If", {}, "x", model->mutable_graph());
                AddGraph("then_branch", branch)->add_node()->set_name(std::string(70'000, 'n'));
              }),
              HasSubstr("name of a node has 70000 bytes"));
}

TEST(Hostile, NearestNamesOfAHostileFileAreSafeToPrint) {
  onnx::ModelProto model = GoodModel();
  AddNode("Relu", {"conv1"}, "evil\x1b[2J\n" + std::string(5000, 'x'), model.mutable_graph());
  const Network network(model, "net.onnx");
  EXPECT_THAT([&] { network.Tap({"evil"}); },
              ThrowsMessage<Error>(AllOf(HasSubstr("nearest names are evil?[2J?xxx"),
                                         Not(HasSubstr("\x1b")), Not(HasSubstr("\n")),
                                         Not(HasSubstr(std::string(300, 'x'))))));
  const std::vector<Layer> layers = {{"evil\x1b[2J", "Relu", Layout::kMap, {1, 1, 1, 1}, 1, 1, 1}};
  EXPECT_THAT([&] { SelectLayers(layers, {"evil"}); },
              ThrowsMessage<Error>(AllOf(HasSubstr("evil?[2J"), Not(HasSubstr("\x1b")))));
}

TEST(Hostile, TwoInputsOfOneName) {
  EXPECT_EQ(ProblemAfter([](onnx::ModelProto* model) {
              model->mutable_graph()->add_input()->set_name("input");
            }),
            "net.onnx: has two inputs 'input'");
}

TEST(Hostile, ALongCycleIsNamed) {
  EXPECT_THAT(ProblemAfter([](onnx::ModelProto* model) {
                constexpr int kNodes = 100'000;
                for (int i = 0; i < kNodes; ++i) {
                  AddNode("Relu", {"c" + std::to_string(i)}, "c" + std::to_string((i + 1) % kNodes),
                          model->mutable_graph());
                }
              }),
              HasSubstr("the graph has a cycle through node Relu that computes 'c"));
}

TEST(Hostile, ACycleThroughAGraphInANodeIsNamed) {
  EXPECT_THAT(ProblemAfter([](onnx::ModelProto* model) {
                onnx::NodeProto* node = AddNode("If", {"conv1"}, "loop", model->mutable_graph());
                node->set_name("itself");
                AddNode("Relu", {"loop"}, "x", AddGraph("then_branch", node));
              }),
              HasSubstr("cycle through node 'itself' (If)"));
}

TEST(Hostile, WhatAGraphInANodeReadsMustExist) {
  EXPECT_THAT(ProblemAfter([](onnx::ModelProto* model) {
                onnx::NodeProto* node = AddNode("If", {"conv1"}, "x", model->mutable_graph());
                AddNode("Relu", {"nowhere"}, "y", AddGraph("then_branch", node));
              }),
              HasSubstr("node If that computes 'x' reads 'nowhere', which nothing computes"));
}

/// A function of `domain` whose nodes call others of it.
void AddFunction(const std::string& name, const std::vector<std::string>& calls,
                 onnx::ModelProto* model) {
  onnx::FunctionProto* function = model->add_functions();
  function->set_name(name);
  function->set_domain("local");
  function->add_input("x");
  function->add_output("y");
  for (const std::string& call : calls) {
    onnx::NodeProto* node = function->add_node();
    node->set_op_type(call);
    node->set_domain("local");
    node->add_input("x");
    node->add_output("y");
  }
}

TEST(Hostile, FunctionsThatCallThemselves) {
  EXPECT_EQ(ProblemAfter([](auto* model) { AddFunction("f", {"f"}, model); }),
            "net.onnx: function 'f' calls itself");
  EXPECT_THAT(ProblemAfter([](auto* model) {
                AddFunction("f", {"g"}, model);
                AddFunction("g", {"h"}, model);
                AddFunction("h", {"f"}, model);
                AddNode("g", {"conv1"}, "called", model->mutable_graph())->set_domain("local");
              }),
              HasSubstr("calls itself"));
}

TEST(Hostile, FunctionsThatDoubleAtEveryLevel) {
  const auto problem = [](int levels) {
    return ProblemAfter([&](auto* model) {
      for (int i = 0; i < levels; ++i) {
        const std::string below = "f" + std::to_string(i - 1);
        AddFunction("f" + std::to_string(i),
                    i == 0 ? std::vector<std::string>{} : std::vector{below, below}, model);
      }
      AddNode("f" + std::to_string(levels - 1), {"conv1"}, "called", model->mutable_graph())
          ->set_domain("local");
    });
  };
  EXPECT_EQ(problem(10), "no error");
  EXPECT_THAT(problem(60), HasSubstr("give more than 1000000 nodes"));
  EXPECT_THAT(problem(70), HasSubstr("more than 64 deep"));
}

TEST(Hostile, ALongChainOfFunctionsInAnyOrder) {
  for (const bool inner_first : {true, false}) {
    EXPECT_THAT(ProblemAfter([&](auto* model) {
                  for (int i = 0; i < 5000; ++i) {
                    const int at = inner_first ? 4999 - i : i;
                    AddFunction("f" + std::to_string(at), {"f" + std::to_string(at + 1)}, model);
                  }
                  AddNode("f0", {"conv1"}, "called", model->mutable_graph())->set_domain("local");
                }),
                HasSubstr("functions call functions more than 64 deep"));
  }
}

/// What listing the layers says of a network with one more node and its value.
std::string ListingProblem(const std::function<void(onnx::GraphProto*)>& change) {
  onnx::ModelProto model = GoodModel();
  change(model.mutable_graph());
  try {
    const Network network = Network::Parse(model.SerializeAsString(), "net.onnx");
    for (const Layer& layer : ListLayers(network, 16, 16)) EXPECT_NE(layer.name, "odd");
    network.Tap({"odd"});
    CreateEngine(network.Tap({"odd"}));
  } catch (const Error& error) {
    EXPECT_NE(error.kind(), ErrorKind::kInternal) << error.what();
    return error.what();
  }
  return "no error";
}

TEST(Hostile, ValuesThatAreNoTensorsAreNoLayersAndCannotRun) {
  EXPECT_THAT(ListingProblem([](auto* graph) {
                AddNode("SequenceConstruct", {"conv1", "conv2"}, "odd", graph);
              }),
              HasSubstr("value 'odd' is not a tensor"));
  EXPECT_THAT(ListingProblem([](auto* graph) { AddNode("Shape", {"conv1"}, "odd", graph); }),
              HasSubstr("value 'odd' is int64"));
  EXPECT_THAT(ListingProblem([](auto* graph) {
                AddNode("Cast", {"conv1"}, "odd", graph);
                auto* to = graph->mutable_node(graph->node_size() - 1)->add_attribute();
                to->set_name("to");
                to->set_type(onnx::AttributeProto::INT);
                to->set_i(onnx::TensorProto::STRING);
              }),
              HasSubstr("value 'odd' is string"));
}

TEST(Hostile, AnOptionalValueIsNoLayerAndCannotRun) {
  onnx::ModelProto model = GoodModel();
  model.mutable_opset_import(0)->set_version(15);
  AddNode("Optional", {"conv1"}, "odd", model.mutable_graph());
  const Network network = Network::Parse(model.SerializeAsString(), "net.onnx");
  for (const Layer& layer : ListLayers(network, 16, 16)) EXPECT_NE(layer.name, "odd");
  EXPECT_THAT([&] { CreateEngine(network.Tap({"odd"})); },
              ThrowsMessage<Error>(HasSubstr("value 'odd' is not a tensor")));
}

TEST(Hostile, MoreMemoryThanTheMachineHasIsAnError) {
  // A legal network of a few bytes: a constant of 2^50 numbers, made when it runs.
  onnx::ModelProto model = GoodModel();
  onnx::TensorProto* shape = model.mutable_graph()->add_initializer();
  shape->set_name("sizes");
  shape->set_data_type(onnx::TensorProto::INT64);
  shape->add_dims(2);
  shape->add_int64_data(int64_t{1} << 25);
  shape->add_int64_data(int64_t{1} << 25);
  AddNode("ConstantOfShape", {"sizes"}, "vast", model.mutable_graph());
  AddNode("Add", {"vast", "logits"}, "sum of vast", model.mutable_graph());
  const Network network = Network::Parse(model.SerializeAsString(), "net.onnx");
  EXPECT_THAT([&] { ListLayers(network, 16, 16); },
              ThrowsMessage<Error>(::testing::StartsWith("net.onnx: ")));
}

TEST(Hostile, AnOutputWithALyingTypeIsAnError) {
  onnx::ModelProto model = GoodModel();
  model.mutable_graph()->mutable_output(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::STRING);
  const Network network = Network::Parse(model.SerializeAsString(), "net.onnx");
  EXPECT_THROW(ListLayers(network, 16, 16), Error);
}

TEST(Hostile, InputsThatNoMemoryHolds) {
  const auto with_input = [](const Shape& sizes) {
    return ProblemAfter([&](onnx::ModelProto* model) {
      auto* shape = model->mutable_graph()->mutable_input(0)->mutable_type();
      shape->mutable_tensor_type()->clear_shape();
      for (const int64_t size : sizes) {
        shape->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(size);
      }
    });
  };
  EXPECT_THAT(with_input({int64_t{1} << 40, 3, 16, 16}),
              AllOf(HasSubstr("input 'input'"), HasSubstr("milan's limit")));
  EXPECT_THAT(with_input({1, 3, int64_t{1} << 32, int64_t{1} << 32}), HasSubstr("milan's limit"));
  EXPECT_EQ(with_input({1024, 3, 256, 256}), "no error");
}

}  // namespace
}  // namespace milan
