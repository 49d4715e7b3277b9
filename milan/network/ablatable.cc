#include "milan/network/ablatable.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/output_types.h"

namespace milan {
namespace {

std::vector<std::string> NamesOf(const std::vector<ComputedValue>& values) {
  std::vector<std::string> names;
  names.reserve(values.size());
  for (const ComputedValue& value : values) names.push_back(value.name);
  return names;
}

void AddNew(const std::string& name, std::vector<std::string>* names) {
  if (std::find(names->begin(), names->end(), name) == names->end()) names->push_back(name);
}

/// What is tapped, so that operators are not fused across it.
std::vector<std::string> Barriers(const std::vector<UnitAxis>& layers, const std::string& output) {
  std::vector<std::string> barriers = {output};
  for (const UnitAxis& axis : layers) AddNew(axis.layer, &barriers);
  return barriers;
}

void RequireInfluence(const Network& network, const std::vector<UnitAxis>& layers,
                      const std::string& output) {
  const std::vector<std::string> all = NamesOf(network.ComputedValues());
  const std::vector<std::string> needed = NamesOf(network.Tap({output}).ComputedValues());
  for (const UnitAxis& axis : layers) {
    const auto has = [&](const auto& names) {
      return std::find(names.begin(), names.end(), axis.layer) != names.end();
    };
    if (has(all) && !has(needed)) {
      throw UsageError(
          fmt::format("{}: output {} does not depend on layer {}; an edit there "
                      "changes nothing",
                      network.name(), Quoted(output), Quoted(axis.layer)));
    }
  }
}

/// ONNX Runtime leaves out the rounding to half precision between two operators that it computes in
/// float32, and with it a value that is to be gated.
bool ComputesInHalf(const Network& network) {
  const Network all = network.Tap(NamesOf(network.ComputedValues()));
  const std::vector<NetworkValue> values = InferOutputTypes(all);
  return std::any_of(values.begin(), values.end(), [](const NetworkValue& value) {
    return value.type == "float16" || value.type == "bfloat16";
  });
}

/// The nodes whose inputs all exist, in a graph in topological order.
void KeepComputable(onnx::GraphProto* graph) {
  std::unordered_set<std::string> known;
  for (const auto& input : graph->input()) known.insert(input.name());
  for (std::string& name : InitializerNames(*graph)) known.insert(std::move(name));
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  for (const auto& node : graph->node()) {
    const std::vector<std::string> reads = Reads(node);
    const bool is_computable = std::all_of(reads.begin(), reads.end(),
                                           [&](const auto& name) { return known.contains(name); });
    // A layer that has become an input is not computed any more.
    const bool is_given = std::any_of(node.output().begin(), node.output().end(),
                                      [&](const auto& name) { return known.contains(name); });
    if (!is_computable || is_given) continue;
    known.insert(node.output().begin(), node.output().end());
    *nodes.Add() = node;
  }
  graph->mutable_node()->Swap(&nodes);
}

std::optional<Network> PlainSuffix(const Network& suffix, const std::vector<Gate>& gates,
                                   const std::string& output) {
  onnx::ModelProto model = suffix.model();
  onnx::GraphProto* graph = model.mutable_graph();
  for (const Gate& gate : gates) {
    auto& inputs = *graph->mutable_input();
    const auto layer = std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) {
      return input.name() == gate.ungated;
    });
    if (gate.axis.layer == output || layer == inputs.end() ||
        layer->type().tensor_type().elem_type() != onnx::TensorProto::FLOAT) {
      return std::nullopt;
    }
    layer->set_name(gate.axis.layer);
    inputs.erase(std::remove_if(inputs.begin(), inputs.end(),
                                [&](const auto& input) {
                                  return input.name() == gate.scale || input.name() == gate.shift;
                                }),
                 inputs.end());
  }
  KeepComputable(graph);
  return Network(std::move(model), suffix.name(), suffix.folder()).Tap({output});
}

}  // namespace

AblatableNetwork PrepareAblation(const Network& network, const Shape& input,
                                 const std::vector<UnitAxis>& layers, const std::string& output) {
  RequireInfluence(network, layers, output);
  std::vector<std::string> barriers = Barriers(layers, output);
  const Network tapped = WithInputShape(network, input).Tap(barriers);
  GatedNetwork gated = [&] {
    if (!ComputesInHalf(tapped)) return WithGates(Optimize(tapped), layers);
    GatedNetwork exact = WithGates(tapped, layers);
    for (const Gate& gate : exact.gates) AddNew(gate.ungated, &barriers);
    exact.network = Optimize(exact.network.Tap(barriers));
    return exact;
  }();
  std::vector<std::string> changing;
  for (const Gate& gate : gated.gates) {
    changing.push_back(gate.scale);
    changing.push_back(gate.shift);
  }
  CutNetwork cut = Cut(gated.network, changing, {output});
  std::optional<Network> plain = PlainSuffix(cut.suffix, gated.gates, output);
  return {gated.network.Tap({output}), std::move(cut), std::move(gated.gates), std::move(plain)};
}

}  // namespace milan
