#include "milan/network/value_graph.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include <onnx/onnx_pb.h>

namespace milan {
namespace {

using OpTypes = std::unordered_set<std::string_view>;

std::unordered_map<std::string, const onnx::NodeProto*> NodesByValue(
    const onnx::GraphProto& graph) {
  std::unordered_map<std::string, const onnx::NodeProto*> nodes;
  for (const auto& node : graph.node()) {
    for (const std::string& output : node.output()) nodes.emplace(output, &node);
  }
  return nodes;
}

std::vector<int64_t> Integers(const onnx::TensorProto& tensor) {
  if (tensor.data_type() != onnx::TensorProto::INT64) return {};
  if (!tensor.has_raw_data()) return {tensor.int64_data().begin(), tensor.int64_data().end()};
  std::vector<int64_t> values(tensor.raw_data().size() / sizeof(int64_t));
  std::memcpy(values.data(), tensor.raw_data().data(), values.size() * sizeof(int64_t));
  return values;
}

}  // namespace

ValueGraph::ValueGraph(const Network& network) : model_(network.model()) {
  std::unordered_set<std::string> inputs;
  for (const NetworkValue& input : network.Inputs()) inputs.insert(input.name);
  std::unordered_set<std::string> outputs;
  for (const NetworkValue& output : network.Outputs()) outputs.insert(output.name);
  const auto nodes = NodesByValue(model_.graph());
  for (const ComputedValue& value : network.ComputedValues()) {
    if (value.op_type == "Shape" || value.op_type == "Size") continue;
    GraphValue added{value.name, value.op_type, nodes.at(value.name),        {},
                     {},         false,         outputs.contains(value.name)};
    for (const std::string& name : value.inputs) {
      added.reads_input = added.reads_input || inputs.contains(name);
      const auto place = places_.find(name);
      if (place == places_.end()) continue;
      if (std::count(added.reads.begin(), added.reads.end(), place->second) == 0) {
        added.reads.push_back(place->second);
      }
    }
    if (!added.reads_input && added.reads.empty()) continue;
    for (const size_t read : added.reads) values_[read].readers.push_back(values_.size());
    places_.emplace(value.name, values_.size());
    values_.push_back(std::move(added));
  }
}

size_t ValueGraph::Find(const std::string& name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? values_.size() : place->second;
}

std::vector<int64_t> ValueGraph::ConstantIntegers(const std::string& name) const {
  for (const auto& tensor : model_.graph().initializer()) {
    if (tensor.name() == name) return Integers(tensor);
  }
  for (const auto& node : model_.graph().node()) {
    if (node.op_type() != "Constant" || node.output().empty() || node.output(0) != name) continue;
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() == "value") return Integers(attribute.t());
      if (attribute.name() == "value_ints") {
        return {attribute.ints().begin(), attribute.ints().end()};
      }
    }
  }
  return {};
}

Shape ValueGraph::WeightShape(const std::string& name) const {
  for (const auto& tensor : model_.graph().initializer()) {
    if (tensor.name() == name) return {tensor.dims().begin(), tensor.dims().end()};
  }
  return {};
}

std::vector<int64_t> IntegersOf(const onnx::NodeProto& node, std::string_view name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return {attribute.ints().begin(), attribute.ints().end()};
  }
  return {};
}

int64_t IntegerOf(const onnx::NodeProto& node, std::string_view name, int64_t missing) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return attribute.i();
  }
  return missing;
}

bool IsConvolution(std::string_view op_type) {
  return op_type.find("Conv") != std::string_view::npos;
}

bool IsLinear(const GraphValue& value) {
  static const OpTypes kProducts = {"Gemm", "MatMul", "MatMulInteger", "QLinearMatMul"};
  // With two values it is the product of attention.
  return IsConvolution(value.op_type) ||
         (kProducts.contains(value.op_type) && value.reads.size() + value.reads_input == 1);
}

bool IsPooling(std::string_view op_type) { return op_type.find("Pool") != std::string_view::npos; }

bool IsActivation(std::string_view op_type) {
  static const OpTypes kActivations = {
      "Celu",  "Clip",     "Elu",  "Gelu",      "HardSigmoid",    "HardSwish", "LeakyRelu",
      "Mish",  "PRelu",    "Relu", "QuickGelu", "Selu",           "Sigmoid",   "Softplus",
      "Swish", "Softsign", "Tanh", "Silu",      "ThresholdedRelu"};
  return kActivations.contains(op_type);
}

bool IsNormalization(std::string_view op_type) {
  return op_type.find("Normalization") != std::string_view::npos || op_type == "LRN";
}

bool IsCopy(std::string_view op_type) {
  static const OpTypes kCopies = {"Cast",   "Dropout", "Identity", "Pad",
                                  "Resize", "Slice",   "Split",    "Upsample"};
  return kCopies.contains(op_type);
}

bool IsRearranging(std::string_view op_type) {
  static const OpTypes kRearranging = {
      "Attention", "DepthToSpace", "Einsum",       "Expand",    "Flatten",   "Gather",
      "GatherND",  "If",           "Loop",         "Reshape",   "Scan",      "SequenceAt",
      "Squeeze",   "Tile",         "SpaceToDepth", "Unsqueeze", "Transpose", "ScatterND"};
  return kRearranging.contains(op_type);
}

}  // namespace milan
