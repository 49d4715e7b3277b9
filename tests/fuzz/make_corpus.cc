// Writes the corpus of the fuzz targets (tests/fuzz/corpus): small networks of every kind that
// milan reads, sidecars, and selections of layers.
//   ninja -C build/release milan_fuzz_corpus && build/release/milan_fuzz_corpus tests/fuzz/corpus

#include <cstdio>
#include <string>

#include <onnx/onnx_pb.h>

#include "milan/base/file.h"
#include "milan/network/test_networks.h"

namespace milan {
namespace {

onnx::NodeProto* AddNode(const std::string& op_type, const std::vector<std::string>& inputs,
                         const std::string& output, onnx::GraphProto* graph) {
  onnx::NodeProto* node = graph->add_node();
  node->set_op_type(op_type);
  for (const std::string& input : inputs) node->add_input(input);
  node->add_output(output);
  return node;
}

onnx::GraphProto* AddGraph(const std::string& name, onnx::NodeProto* node) {
  onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::GRAPH);
  attribute->mutable_g()->set_name(name);
  return attribute->mutable_g();
}

/// Channels few: a corpus of small files is searched faster.
onnx::ModelProto Tiny() {
  ModelBuilder b("input", {-1, 3, 8, 8});
  std::string x = b.Conv("conv1", b.input(), RandomArray({2, 3, 1, 1}, 1), RandomArray({2}, 2));
  x = b.Relu("layer1", x);
  x = b.Add("sum", x, "conv1");
  x = b.Flatten("flat", b.GlobalAveragePool("pool", x));
  b.Output(x);
  return b.Build("tiny").model();
}

onnx::ModelProto WithBranches() {
  onnx::ModelProto model = Tiny();
  onnx::GraphProto* graph = model.mutable_graph();
  onnx::TensorProto* condition = graph->add_initializer();
  condition->set_name("condition");
  condition->set_data_type(onnx::TensorProto::BOOL);
  condition->add_int32_data(1);
  onnx::NodeProto* branch = AddNode("If", {"condition"}, "chosen", graph);
  AddNode("Relu", {"layer1"}, "then_value", AddGraph("then_branch", branch));
  AddNode("Add", {"layer1", "sum"}, "else_value", AddGraph("else_branch", branch));
  for (auto& attribute : *branch->mutable_attribute()) {
    attribute.mutable_g()->add_output()->set_name(attribute.g().node(0).output(0));
  }
  graph->add_output()->set_name("chosen");
  return model;
}

onnx::ModelProto WithFunctions() {
  onnx::ModelProto model = Tiny();
  for (const char* name : {"Outer", "Inner"}) {
    onnx::FunctionProto* function = model.add_functions();
    function->set_name(name);
    function->set_domain("local");
    function->add_input("x");
    function->add_output("y");
    onnx::NodeProto* node = function->add_node();
    node->set_op_type(function->name() == "Outer" ? "Inner" : "Relu");
    if (function->name() == "Outer") node->set_domain("local");
    node->add_input("x");
    node->add_output("y");
  }
  AddNode("Outer", {"layer1"}, "called", model.mutable_graph())->set_domain("local");
  model.add_opset_import()->set_domain("local");
  return model;
}

onnx::ModelProto WithExternalWeights() {
  onnx::ModelProto model = Tiny();
  for (auto& weight : *model.mutable_graph()->mutable_initializer()) {
    for (const auto& [key, value] : {std::pair{"location", "w.bin"}, std::pair{"offset", "0"}}) {
      onnx::StringStringEntryProto* entry = weight.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    weight.clear_raw_data();
    weight.set_data_location(onnx::TensorProto::EXTERNAL);
  }
  return model;
}

/// Weights of every kind of storage, a sparse one, attributes of all types.
onnx::ModelProto WithTensors() {
  onnx::ModelProto model = Tiny();
  onnx::GraphProto* graph = model.mutable_graph();
  onnx::TensorProto* half = graph->add_initializer();
  half->set_name("half");
  half->set_data_type(onnx::TensorProto::FLOAT16);
  half->add_dims(2);
  half->add_int32_data(15360);
  half->add_int32_data(0);
  onnx::SparseTensorProto* sparse = graph->add_sparse_initializer();
  sparse->add_dims(4);
  sparse->mutable_values()->set_name("sparse");
  sparse->mutable_values()->set_data_type(onnx::TensorProto::FLOAT);
  sparse->mutable_values()->add_dims(1);
  sparse->mutable_values()->add_float_data(1);
  sparse->mutable_indices()->set_data_type(onnx::TensorProto::INT64);
  sparse->mutable_indices()->add_dims(1);
  sparse->mutable_indices()->add_int64_data(2);
  onnx::NodeProto* constant = AddNode("Constant", {}, "constant", graph);
  onnx::AttributeProto* value = constant->add_attribute();
  value->set_name("value");
  value->set_type(onnx::AttributeProto::TENSOR);
  value->mutable_t()->set_data_type(onnx::TensorProto::INT64);
  value->mutable_t()->add_dims(1);
  value->mutable_t()->add_int64_data(3);
  onnx::NodeProto* split = AddNode("Split", {"sum"}, "left", graph);
  split->add_output("right");
  split->add_attribute()->add_ints(1);
  auto* sequence = graph->add_value_info();
  sequence->set_name("left");
  sequence->mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type();
  model.add_training_info()->mutable_algorithm()->set_name("training");
  return model;
}

void WriteNetworks(const Path& folder) {
  CreateFolder(folder);
  const std::pair<const char*, onnx::ModelProto> networks[] = {{"tiny", Tiny()},
                                                               {"branches", WithBranches()},
                                                               {"functions", WithFunctions()},
                                                               {"external", WithExternalWeights()},
                                                               {"tensors", WithTensors()}};
  for (const auto& [name, model] : networks) {
    WriteFileAtomically(folder / (std::string(name) + ".onnx"), model.SerializeAsString());
  }
}

void WriteTexts(const Path& folder) {
  CreateFolder(folder / "sidecar");
  const Path sidecars = folder / "sidecar";
  WriteFileAtomically(sidecars / "shorter-side.json", R"({"kind": "image", "layout": "NCHW",
 "channels": "RGB", "resize": {"shorter_side": 40, "filter": "bilinear", "antialias": true},
 "crop": [32, 30], "scale": 0.00392156862745098, "mean": [0.485, 0.456, 0.406],
 "std": [0.229, 0.224, 0.225]})");
  WriteFileAtomically(sidecars / "size.json", R"({"resize": {"size": [32, 48]}, "crop": null,
 "scale": 1, "mean": [0, 0, 0], "std": [1e0, 1, 1], "rule": "a \"text\" \u00e9"})");
  WriteFileAtomically(sidecars / "latent.json", R"({"kind": "latent", "size": [[[[1]]]]})");
  CreateFolder(folder / "layers");
  WriteFileAtomically(folder / "layers" / "globs.txt",
                      "layer?\n*/conv[0-9]*\n\nlayer1\nlayer2\nfire9/conv1\nfire9/relu!\n");
  WriteFileAtomically(folder / "layers" / "brackets.txt",
                      "a[b]\n[!a]*\n[[:alpha:]]*\n\\*\n\na[b]\nab\n*\n");
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: milan_fuzz_corpus FOLDER\n");
    return 2;
  }
  milan::WriteNetworks(milan::Path(argv[1]) / "network");
  milan::WriteTexts(argv[1]);
  return 0;
}
