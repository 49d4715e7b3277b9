#include "milan/network/network.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"
#include "milan/network/parse.h"

namespace milan {
namespace {

using Names = std::unordered_set<std::string>;

Shape ShapeOf(const onnx::TensorShapeProto& proto) {
  Shape shape;
  for (const auto& dimension : proto.dim()) {
    // A hostile file may hold negative sizes: they are as good as unknown.
    const bool known = dimension.has_dim_value() && dimension.dim_value() >= 0;
    shape.push_back(known ? dimension.dim_value() : -1);
  }
  return shape;
}

NetworkValue ValueOf(const onnx::ValueInfoProto& info) {
  NetworkValue value{info.name(), {}, "not a tensor"};
  if (info.type().has_tensor_type()) {
    const auto& tensor = info.type().tensor_type();
    value.shape = ShapeOf(tensor.shape());
    value.type = ElementTypeName(tensor.elem_type());
  }
  return value;
}

/// Types that the file tells of values, so that a tapped value keeps its own.
std::unordered_map<std::string, onnx::ValueInfoProto> KnownTypes(const onnx::GraphProto& graph) {
  std::unordered_map<std::string, onnx::ValueInfoProto> types;
  for (const auto& info : graph.value_info()) types.emplace(info.name(), info);
  for (const auto& info : graph.output()) types.insert_or_assign(info.name(), info);
  return types;
}

/// The nodes that `values` need, in topological order, and all names these nodes read or compute.
struct NeededPart {
  std::vector<int> nodes;
  Names names;
};

NeededPart PartNeededBy(const std::vector<std::string>& values, const onnx::GraphProto& graph) {
  NeededPart part{{}, Names(values.begin(), values.end())};
  std::vector<int> order = TopologicalOrder(graph);
  for (auto index = order.rbegin(); index != order.rend(); ++index) {
    const auto& node = graph.node(*index);
    const bool is_needed = std::any_of(node.output().begin(), node.output().end(),
                                       [&](auto& name) { return part.names.contains(name); });
    if (!is_needed) continue;
    part.nodes.push_back(*index);
    for (std::string& name : Reads(node)) part.names.insert(std::move(name));
  }
  for (const int index : part.nodes) {
    const auto& outputs = graph.node(index).output();
    part.names.insert(outputs.begin(), outputs.end());
  }
  std::reverse(part.nodes.begin(), part.nodes.end());
  return part;
}

/// Removes the elements of a repeated field for which `is_unneeded` holds.
template <typename Field, typename Predicate>
void RemoveIf(Field* field, const Predicate& is_unneeded) {
  const auto end = std::remove_if(field->begin(), field->end(), is_unneeded);
  field->DeleteSubrange(static_cast<int>(end - field->begin()),
                        static_cast<int>(field->end() - end));
}

void KeepNodes(const std::vector<int>& nodes, onnx::GraphProto* graph) {
  google::protobuf::RepeatedPtrField<onnx::NodeProto> kept;
  for (const int index : nodes) {
    onnx::NodeProto* node = kept.Add();
    *node = std::move(*graph->mutable_node(index));
    // ONNX Runtime names the failing node in its errors; a nameless one could not be found.
    if (node->name().empty() && !node->output().empty()) node->set_name(node->output(0));
  }
  graph->mutable_node()->Swap(&kept);
}

void KeepNames(const Names& names, onnx::GraphProto* graph) {
  const std::vector<std::string> initializers = InitializerNames(*graph);
  const Names weights(initializers.begin(), initializers.end());
  const auto is_unneeded = [&](const auto& named) { return !names.contains(named.name()); };
  RemoveIf(graph->mutable_initializer(), is_unneeded);
  RemoveIf(graph->mutable_value_info(), is_unneeded);
  RemoveIf(graph->mutable_sparse_initializer(),
           [&](const auto& sparse) { return !names.contains(sparse.values().name()); });
  RemoveIf(graph->mutable_quantization_annotation(),
           [&](const auto& annotation) { return !names.contains(annotation.tensor_name()); });
  // The network's own inputs stay, needed or not: who feeds them need not care what is tapped.
  RemoveIf(graph->mutable_input(),
           [&](const auto& input) { return weights.contains(input.name()) && is_unneeded(input); });
}

void CheckTaps(const std::vector<std::string>& values, const Network& network) {
  if (values.empty()) throw UsageError(network.name() + ": no value to tap was named");
  std::vector<std::string> candidates;
  for (ComputedValue& value : network.ComputedValues()) candidates.push_back(std::move(value.name));
  const Names known(candidates.begin(), candidates.end());
  Names asked;
  for (const std::string& value : values) {
    if (!known.contains(value)) {
      throw UsageError(fmt::format("{}: the network computes no value {}; the nearest names are {}",
                                   network.name(), Quoted(value),
                                   JoinNames(NearestNames(value, candidates, 3))));
    }
    if (!asked.insert(value).second) {
      throw UsageError(fmt::format("{}: value {} is tapped twice", network.name(), Quoted(value)));
    }
  }
}

}  // namespace

Network Network::Load(const Path& path) {
  const std::string name = path.filename().string();
  Network network(ParseModel(path), name);
  CheckExternalFiles(network.model(), path, name);
  network.folder_ = std::filesystem::absolute(path).parent_path();
  return network;
}

Network Network::Parse(std::string_view bytes, const std::string& name) {
  Network network(ParseModel(bytes, name), name);
  RefuseExternalFiles(network.model(), name);
  return network;
}

Network::Network(onnx::ModelProto model, std::string name, Path folder)
    : name_(std::move(name)), folder_(std::move(folder)) {
  ValidateModel(model, name_);
  model_ = std::make_shared<const onnx::ModelProto>(std::move(model));
  CheckInputs(Inputs(), name_);
}

const std::string& Network::name() const { return name_; }

std::vector<NetworkValue> Network::Inputs() const {
  const std::vector<std::string> initializers = InitializerNames(model_->graph());
  const Names weights(initializers.begin(), initializers.end());
  std::vector<NetworkValue> inputs;
  for (const auto& info : model_->graph().input()) {
    // Exporters before ONNX 1.4 list every weight among the inputs too.
    if (!weights.contains(info.name())) inputs.push_back(ValueOf(info));
  }
  return inputs;
}

std::vector<NetworkValue> Network::Outputs() const {
  std::vector<NetworkValue> outputs;
  for (const auto& info : model_->graph().output()) outputs.push_back(ValueOf(info));
  return outputs;
}

std::vector<ComputedValue> Network::ComputedValues() const {
  const onnx::GraphProto& graph = model_->graph();
  const std::vector<std::string> weights = InitializerNames(graph);
  const Names constants(weights.begin(), weights.end());
  std::vector<ComputedValue> values;
  for (const int index : TopologicalOrder(graph)) {
    const auto& node = graph.node(index);
    std::vector<std::string> inputs = Reads(node);
    std::erase_if(inputs, [&](const std::string& name) { return constants.contains(name); });
    for (const std::string& output : node.output()) {
      if (!output.empty()) values.push_back({output, node.op_type(), node.name(), inputs});
    }
  }
  return values;
}

Network Network::Tap(const std::vector<std::string>& values) const {
  CheckTaps(values, *this);
  const NeededPart part = PartNeededBy(values, model_->graph());
  auto types = KnownTypes(model_->graph());
  onnx::ModelProto model = *model_;
  model.clear_training_info();  // it speaks of nodes that may be gone
  onnx::GraphProto* graph = model.mutable_graph();
  KeepNodes(part.nodes, graph);
  KeepNames(part.names, graph);
  graph->clear_output();
  for (const std::string& value : values) {
    // A name is enough where the file tells no type: ONNX Runtime infers it.
    onnx::ValueInfoProto* output = graph->add_output();
    if (const auto type = types.find(value); type != types.end()) *output = type->second;
    output->set_name(value);
  }
  const Names tapped(values.begin(), values.end());
  RemoveIf(graph->mutable_value_info(),
           [&](const auto& info) { return tapped.contains(info.name()); });
  Network network(std::move(model), name_);
  network.folder_ = folder_;
  return network;
}

Network Network::WithOpenInputSize() const {
  const auto inputs = Inputs();
  if (inputs.size() != 1 || inputs[0].shape.size() != 4) {
    throw InputError(name_ + ": does not take one image input [N, channels, height, width]");
  }
  onnx::ModelProto model = *model_;
  onnx::GraphProto* graph = model.mutable_graph();
  for (auto& input : *graph->mutable_input()) {
    if (input.name() != inputs[0].name) continue;
    auto* shape = input.mutable_type()->mutable_tensor_type()->mutable_shape();
    shape->mutable_dim(2)->set_dim_param("height");
    shape->mutable_dim(3)->set_dim_param("width");
  }
  // What the file says of other values holds for the old size only; ONNX Runtime infers it anew.
  graph->clear_value_info();
  for (auto& output : *graph->mutable_output()) output.clear_type();
  Network network(std::move(model), name_);
  network.folder_ = folder_;
  return network;
}

Network Network::WithModel(onnx::ModelProto model) const {
  Network network(std::move(model), name_);
  network.folder_ = folder_;
  return network;
}

std::string Network::Serialize() const {
  std::string bytes;
  if (model_->ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int>::max()) ||
      !model_->SerializeToString(&bytes)) {
    throw InputError(name_ + ": larger than 2 GiB; " + kExternalDataHint);
  }
  return bytes;
}

}  // namespace milan
