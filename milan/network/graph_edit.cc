#include "milan/network/graph_edit.h"

#include <algorithm>
#include <utility>

#include "milan/network/graph.h"

namespace milan {
namespace {

constexpr int64_t kWeightsAreNoInputs = 4;  // since this IR version

void AddNames(const onnx::GraphProto& graph, std::unordered_set<std::string>* names) {
  for (const auto& input : graph.input()) names->insert(input.name());
  for (const auto& output : graph.output()) names->insert(output.name());
  for (std::string& name : InitializerNames(graph)) names->insert(std::move(name));
  for (const auto& node : graph.node()) {
    names->insert(node.name());
    names->insert(node.input().begin(), node.input().end());
    names->insert(node.output().begin(), node.output().end());
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) AddNames(attribute.g(), names);
      for (const auto& inner : attribute.graphs()) AddNames(inner, names);
    }
  }
}

}  // namespace

FreshNames::FreshNames(const onnx::GraphProto& graph) { AddNames(graph, &used_); }

std::string FreshNames::Of(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !used_.insert(name).second; ++i) name = wanted + "_" + std::to_string(i);
  return name;
}

int64_t OperatorSet(const onnx::ModelProto& model) {
  for (const auto& import : model.opset_import()) {
    if (import.domain().empty() || import.domain() == "ai.onnx") return import.version();
  }
  return 1;
}

onnx::TensorProto* AddInitializer(onnx::TensorProto tensor, onnx::ModelProto* model) {
  if (model->ir_version() < kWeightsAreNoInputs) {
    onnx::ValueInfoProto* input = model->mutable_graph()->add_input();
    input->set_name(tensor.name());
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(tensor.data_type());
    auto* shape = type->mutable_shape();  // a single number has one, too, without sizes
    for (const int64_t size : tensor.dims()) shape->add_dim()->set_dim_value(size);
  }
  onnx::TensorProto* added = model->mutable_graph()->add_initializer();
  *added = std::move(tensor);
  return added;
}

onnx::NodeProto MakeNode(const std::string& op_type, const std::vector<std::string>& inputs,
                         const std::string& output) {
  onnx::NodeProto node;
  node.set_op_type(op_type);
  node.set_name(output);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(output);
  return node;
}

onnx::NodeProto MakeCast(const std::string& input, int type, const std::string& output) {
  onnx::NodeProto node = MakeNode("Cast", {input}, output);
  onnx::AttributeProto* to = node.add_attribute();
  to->set_name("to");
  to->set_type(onnx::AttributeProto::INT);
  to->set_i(type);
  return node;
}

void InsertNodes(const InsertedNodes& inserted, onnx::GraphProto* graph) {
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  for (int i = 0; i < graph->node_size(); ++i) {
    *nodes.Add() = std::move(*graph->mutable_node(i));
    if (const auto behind = inserted.find(i); behind != inserted.end()) {
      for (const onnx::NodeProto& node : behind->second) *nodes.Add() = node;
    }
  }
  graph->mutable_node()->Swap(&nodes);
}

int FloatingPointType(const std::string& type_name) {
  if (type_name == "float32") return onnx::TensorProto::FLOAT;
  if (type_name == "float16") return onnx::TensorProto::FLOAT16;
  if (type_name == "float64") return onnx::TensorProto::DOUBLE;
  return 0;
}

}  // namespace milan
