#include "milan/network/cut.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/graph_edit.h"
#include "milan/network/output_types.h"

namespace milan {
namespace {

using Names = std::unordered_set<std::string>;

/// Values that the nodes compute from any of `sources`, and the sources.
Names DependentOn(const std::vector<std::string>& sources, const onnx::GraphProto& graph,
                  const std::vector<int>& order) {
  Names dependent(sources.begin(), sources.end());
  for (const int index : order) {
    const std::vector<std::string> reads = Reads(graph.node(index));
    const bool depends = std::any_of(reads.begin(), reads.end(),
                                     [&](const auto& name) { return dependent.contains(name); });
    if (!depends) continue;
    for (const std::string& output : graph.node(index).output()) {
      if (!output.empty()) dependent.insert(output);
    }
  }
  return dependent;
}

/// The first of the names that is not known; empty when all are.
std::string FirstUnknown(const std::vector<std::string>& names, const Names& known) {
  for (const std::string& name : names) {
    if (!known.contains(name)) return name;
  }
  return "";
}

/// Decides on which side of the cut each node is.
class Cutter {
 public:
  Cutter(const Network& network, const std::vector<std::string>& changing)
      : network_(network),
        graph_(network.model().graph()),
        order_(TopologicalOrder(graph_)),
        changing_(changing) {
    for (std::string& name : InitializerNames(graph_)) weights_.insert(std::move(name));
    Names known;
    std::vector<std::string> fixed;
    for (const NetworkValue& input : network.Inputs()) {
      known.insert(input.name);
      if (std::find(changing.begin(), changing.end(), input.name) == changing.end()) {
        inputs_.insert(input.name);
        fixed.push_back(input.name);
      }
    }
    if (const std::string name = FirstUnknown(changing, known); !name.empty()) {
      throw UsageError(fmt::format("{}: has no input {}", network.name(), Quoted(name)));
    }
    dependent_ = DependentOn(changing, graph_, order_);
    of_photo_ = DependentOn(fixed, graph_, order_);
    for (int i = 0; i < graph_.node_size(); ++i) {
      for (const std::string& output : graph_.node(i).output()) producers_[output] = i;
    }
  }

  CutNetwork Run(const std::vector<std::string>& outputs) {
    if (const std::string name = FirstUnknown(outputs, dependent_); !name.empty()) {
      throw UsageError(fmt::format("{}: output {} does not depend on what is to be changed",
                                   network_.name(), Quoted(name)));
    }
    FindSuffix();
    const std::vector<std::string> crossing = Crossing();
    if (crossing.empty()) {
      throw UsageError(
          fmt::format("{}: {} does not depend on the photo", network_.name(), JoinNames(outputs)));
    }
    return {Prefix(crossing), Suffix(crossing), crossing};
  }

 private:
  /// Values that the engine gives and takes bit for bit.
  void FindCarriable() {
    std::vector<std::string> values;
    for (const int index : order_) {
      for (const std::string& output : graph_.node(index).output()) {
        if (!output.empty() && !dependent_.contains(output)) values.push_back(output);
      }
    }
    if (values.empty()) return;
    for (const NetworkValue& value : InferOutputTypes(network_.Tap(values))) {
      if (value.type == "float32" || value.type == "float16") {
        carriable_[value.name] = FloatingPointType(value.type);
      }
    }
  }

  bool Crosses(const std::string& value) const {
    return inputs_.contains(value) || (of_photo_.contains(value) && carriable_.contains(value));
  }

  void FindSuffix() {
    FindCarriable();
    for (const int index : order_) {
      const auto& outputs = graph_.node(index).output();
      if (std::any_of(outputs.begin(), outputs.end(),
                      [&](const auto& name) { return dependent_.contains(name); })) {
        suffix_.insert(index);
      }
    }
    // What must be computed again is read by nodes that come after it: one sweep back finds all.
    for (auto index = order_.rbegin(); index != order_.rend(); ++index) {
      if (!suffix_.contains(*index)) continue;
      for (const std::string& read : Reads(graph_.node(*index))) {
        const auto producer = producers_.find(read);
        if (producer != producers_.end() && !Crosses(read)) suffix_.insert(producer->second);
      }
    }
  }

  /// What the suffix reads and does not compute, in topological order.
  std::vector<std::string> Crossing() const {
    Names read;
    for (const int index : suffix_) {
      for (std::string& name : Reads(graph_.node(index))) read.insert(std::move(name));
    }
    std::vector<std::string> crossing;
    for (const auto& input : graph_.input()) {
      if (inputs_.contains(input.name()) && read.contains(input.name())) {
        crossing.push_back(input.name());
      }
    }
    for (const int index : order_) {
      if (suffix_.contains(index)) continue;
      for (const std::string& output : graph_.node(index).output()) {
        if (read.contains(output)) crossing.push_back(output);
      }
    }
    return crossing;
  }

  template <typename Predicate>
  static void KeepInputs(const Predicate& is_kept, onnx::GraphProto* graph) {
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> kept;
    for (const auto& input : graph->input()) {
      if (is_kept(input.name())) *kept.Add() = input;
    }
    graph->mutable_input()->Swap(&kept);
  }

  Network Prefix(const std::vector<std::string>& crossing) const {
    onnx::ModelProto model = network_.model();
    onnx::GraphProto* graph = model.mutable_graph();
    FreshNames names(*graph);
    std::vector<std::string> taps;
    for (const std::string& value : crossing) {
      taps.push_back(value);
      if (!inputs_.contains(value)) continue;
      taps.back() = names.Of(value + "/kept");  // an input is no output: it needs a node
      *graph->add_node() = MakeNode("Identity", {value}, taps.back());
    }
    const Network whole(std::move(model), network_.name(), network_.folder());
    onnx::ModelProto part = whole.Tap(taps).model();
    const Names changing(changing_.begin(), changing_.end());
    KeepInputs([&](const auto& name) { return !changing.contains(name); }, part.mutable_graph());
    return Network(std::move(part), network_.name(), network_.folder());
  }

  onnx::ValueInfoProto InputFor(const std::string& value) const {
    for (const auto& input : graph_.input()) {
      if (input.name() == value) return input;
    }
    onnx::ValueInfoProto input;  // its shape is open: it is the prefix's business
    input.set_name(value);
    input.mutable_type()->mutable_tensor_type()->set_elem_type(carriable_.at(value));
    return input;
  }

  Network Suffix(const std::vector<std::string>& crossing) const {
    onnx::ModelProto model = network_.model();
    onnx::GraphProto* graph = model.mutable_graph();
    graph->clear_node();
    Names read;
    for (const int index : order_) {
      if (!suffix_.contains(index)) continue;
      *graph->add_node() = graph_.node(index);
      for (std::string& name : Reads(graph_.node(index))) read.insert(std::move(name));
    }
    KeepInputs([&](const auto& name) { return weights_.contains(name) && read.contains(name); },
               graph);
    google::protobuf::RepeatedPtrField<onnx::ValueInfoProto> inputs;
    for (const std::string& value : crossing) *inputs.Add() = InputFor(value);
    for (const std::string& value : changing_) *inputs.Add() = InputFor(value);
    for (auto& weight : *graph->mutable_input()) *inputs.Add() = std::move(weight);
    graph->mutable_input()->Swap(&inputs);
    RemoveUnread(read, graph->mutable_initializer(),
                 [](const auto& tensor) { return tensor.name(); });
    RemoveUnread(read, graph->mutable_sparse_initializer(),
                 [](const auto& tensor) { return tensor.values().name(); });
    graph->clear_value_info();
    graph->clear_quantization_annotation();
    return Network(std::move(model), network_.name(), network_.folder());
  }

  template <typename Field, typename NameOf>
  static void RemoveUnread(const Names& read, Field* field, const NameOf& name_of) {
    Field kept;
    for (auto& item : *field) {
      if (read.contains(name_of(item))) *kept.Add() = std::move(item);
    }
    field->Swap(&kept);
  }

  const Network network_;
  const onnx::GraphProto& graph_;
  const std::vector<int> order_;
  const std::vector<std::string> changing_;
  Names weights_;
  Names inputs_;     ///< The network's, without those that change.
  Names dependent_;  ///< On what changes.
  Names of_photo_;   ///< Dependent on the other inputs.
  std::unordered_map<std::string, int> producers_;
  std::unordered_map<std::string, int> carriable_;  ///< Values and their ONNX types.
  std::unordered_set<int> suffix_;                  ///< Nodes.
};

}  // namespace

CutNetwork Cut(const Network& network, const std::vector<std::string>& changing,
               const std::vector<std::string>& outputs) {
  return Cutter(network.Tap(outputs), changing).Run(outputs);
}

Network WithInputShape(const Network& network, const Shape& shape) {
  const std::vector<NetworkValue> inputs = network.Inputs();
  if (inputs.size() != 1) {
    throw InputError(fmt::format("{}: has {} inputs, not one", network.name(), inputs.size()));
  }
  onnx::ModelProto model = network.model();
  onnx::GraphProto* graph = model.mutable_graph();
  for (auto& input : *graph->mutable_input()) {
    if (input.name() != inputs[0].name) continue;
    auto* sizes = input.mutable_type()->mutable_tensor_type()->mutable_shape();
    sizes->clear_dim();
    for (const int64_t size : shape) sizes->add_dim()->set_dim_value(size);
  }
  // What the file says of other values may hold for open sizes only; ONNX Runtime infers it anew.
  graph->clear_value_info();
  for (auto& output : *graph->mutable_output()) {
    if (output.type().has_tensor_type()) {
      output.mutable_type()->mutable_tensor_type()->clear_shape();
    }
  }
  return Network(std::move(model), network.name(), network.folder());
}

}  // namespace milan
