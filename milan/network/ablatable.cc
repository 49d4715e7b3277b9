#include "milan/network/ablatable.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

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
  return {gated.network.Tap({output}), Cut(gated.network, changing, {output}),
          std::move(gated.gates)};
}

}  // namespace milan
