#include "milan/network/unlisted_values.h"

#include <algorithm>

#include <fmt/format.h>

#include "milan/network/graph.h"
#include "milan/network/output_types.h"

namespace milan {
namespace {

bool IsLayer(const std::vector<Layer>& layers, const std::string& name) {
  return std::any_of(layers.begin(), layers.end(),
                     [&](const Layer& layer) { return layer.name == name; });
}

/// The layers that dequantise a value.
std::string Dequantised(const Network& network, const std::vector<Layer>& layers,
                        const std::string& name) {
  for (const ComputedValue& value : network.ComputedValues()) {
    if (value.op_type != "DequantizeLinear" || value.inputs.empty()) continue;
    if (value.inputs.front() == name && IsLayer(layers, value.name)) return value.name;
  }
  return "";
}

}  // namespace

std::string WhyUnlisted(const Network& network, const std::vector<Layer>& layers,
                        const std::string& name) {
  if (IsLayer(layers, name)) return "";
  const std::vector<ComputedValue> values = network.ComputedValues();
  const bool is_computed = std::any_of(
      values.begin(), values.end(), [&](const ComputedValue& value) { return value.name == name; });
  if (!is_computed) return "";
  const std::string type = InferOutputTypes(network.Tap({name})).front().type;
  if (IsFloatingPoint(type)) {
    return fmt::format("{} is the same for every photo: a weight, or computed from weights only",
                       Quoted(name));
  }
  const std::string dequantised = Dequantised(network, layers, name);
  const std::string instead =
      dequantised.empty() ? "" : fmt::format("; its dequantised value {} can", Quoted(dequantised));
  return fmt::format("{} is {}: only floating-point values can be described{}", Quoted(name), type,
                     instead);
}

}  // namespace milan
