#include "milan/network/model_weights.h"

#include <utility>

#include "milan/network/graph.h"
#include "milan/network/graph_edit.h"
#include "milan/network/tensor_elements.h"

namespace milan {
namespace {

constexpr int kMostCasts = 1000;  // hostile files can have more

}  // namespace

const onnx::AttributeProto* FindAttribute(const onnx::NodeProto& node, std::string_view name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

ModelWeights::ModelWeights(onnx::ModelProto* model) : model_(model) {
  const onnx::GraphProto& graph = model->graph();
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& output : graph.node(i).output()) producers_[output] = i;
    for (const std::string& read : Reads(graph.node(i))) ++reads_[read];
  }
  for (const auto& output : graph.output()) ++reads_[output.name()];
  for (int i = 0; i < graph.initializer_size(); ++i) {
    initializers_[graph.initializer(i).name()] = i;
  }
}

const onnx::NodeProto* ModelWeights::Producer(const std::string& value, int* index) const {
  const auto producer = producers_.find(value);
  if (producer == producers_.end()) return nullptr;
  if (index != nullptr) *index = producer->second;
  return &node(producer->second);
}

int ModelWeights::CountReads(const std::string& value) const {
  const auto reads = reads_.find(value);
  return reads == reads_.end() ? 0 : reads->second;
}

const onnx::TensorProto* ModelWeights::Find(const std::string& weight) const {
  std::string name = weight;
  for (int depth = 0; depth < kMostCasts; ++depth) {
    if (const auto found = initializers_.find(name); found != initializers_.end()) {
      return &model_->graph().initializer(found->second);
    }
    const onnx::NodeProto* node = Producer(name);
    if (node == nullptr) return nullptr;
    if (node->op_type() == "Constant") {
      const onnx::AttributeProto* attribute = FindAttribute(*node, "value");
      return attribute == nullptr || !attribute->has_t() ? nullptr : &attribute->t();
    }
    if ((node->op_type() != "Cast" && node->op_type() != "Identity") || node->input_size() != 1) {
      return nullptr;
    }
    name = node->input(0);
  }
  return nullptr;
}

int64_t ModelWeights::CountElementsOf(const std::string& weight) const {
  const onnx::TensorProto* tensor = Find(weight);
  if (tensor == nullptr || StoredElements(*tensor) != CountElements(*tensor)) return -1;
  return CountElements(*tensor);
}

bool ModelWeights::CanBeChanged(const std::string& weight) const {
  if (CountElementsOf(weight) < 0) return false;
  if (initializers_.contains(weight)) return true;
  std::string name = weight;
  while (!initializers_.contains(name)) {
    if (!IsReadOnce(name)) return false;
    const onnx::NodeProto* node = Producer(name);
    if (node->op_type() == "Constant") return true;
    name = node->input(0);
  }
  return IsReadOnce(name);
}

void ModelWeights::Zero(int node, int slot, const std::vector<int64_t>& elements) {
  onnx::GraphProto* graph = model_->mutable_graph();
  std::string name = graph->node(node).input(slot);
  if (initializers_.contains(name) && !IsReadOnce(name)) name = CopyFor(node, slot);
  while (!initializers_.contains(name)) {
    onnx::NodeProto* producer = graph->mutable_node(producers_.at(name));
    if (producer->op_type() == "Constant") {
      for (auto& attribute : *producer->mutable_attribute()) {
        if (attribute.name() == "value") ZeroElements(elements, attribute.mutable_t());
      }
      return;
    }
    name = producer->input(0);
  }
  ZeroElements(elements, graph->mutable_initializer(initializers_.at(name)));
}

std::string ModelWeights::CopyFor(int node, int slot) {
  onnx::GraphProto* graph = model_->mutable_graph();
  const std::string shared = graph->node(node).input(slot);
  std::string name = FreshNames(*graph).Of(shared + "/edited");
  onnx::TensorProto copy = graph->initializer(initializers_.at(shared));
  copy.set_name(name);
  AddInitializer(std::move(copy), model_);
  --reads_[shared];
  reads_[name] = 1;
  initializers_[name] = graph->initializer_size() - 1;
  graph->mutable_node(node)->set_input(slot, name);
  return name;
}

}  // namespace milan
