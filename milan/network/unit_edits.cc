// Units, and what becomes of them (gates.h).

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/network/gates.h"
#include "milan/network/graph.h"

namespace milan {

UnitAxis UnitAxisOf(const Layer& layer) {
  MILAN_CHECK(layer.IsDescribable(), "layer without units: " + layer.name);
  const int rank = static_cast<int>(layer.shape.size());
  const bool is_last = layer.layout == Layout::kTokens || layer.layout == Layout::kNhwc;
  // Heads may be folded into the batch: theirs is the axis before queries and keys.
  const int axis = is_last ? rank - 1 : layer.layout == Layout::kHeads ? rank - 3 : 1;
  return {layer.name, layer.units, axis, rank};
}

UnitEdit ZeroUnit(const std::string& layer, int64_t unit) { return SetUnit(layer, unit, kNoShift); }

UnitEdit SetUnit(const std::string& layer, int64_t unit, float value) {
  return {layer, unit, 0, value};
}

UnitEdit ScaleUnit(const std::string& layer, int64_t unit, float factor) {
  return {layer, unit, factor, kNoShift};
}

void GateValues::Set(const UnitEdit& edit) {
  scale.values.at(edit.unit) = edit.scale;
  shift.values.at(edit.unit) = edit.shift;
}

void GateValues::Reset(int64_t unit) {
  scale.values.at(unit) = 1;
  shift.values.at(unit) = kNoShift;
}

GateValues NeutralGate(const UnitAxis& axis) {
  const Shape shape = GateShape(axis);
  return {{shape, std::vector<float>(axis.units, 1.0F)},
          {shape, std::vector<float>(axis.units, kNoShift)}};
}

void Validate(const std::vector<UnitEdit>& edits, const std::vector<UnitAxis>& layers) {
  std::set<std::pair<std::string, int64_t>> seen;
  for (const UnitEdit& edit : edits) {
    const auto axis = std::find_if(layers.begin(), layers.end(),
                                   [&](const UnitAxis& a) { return a.layer == edit.layer; });
    if (axis == layers.end()) {
      throw UsageError(fmt::format("layer {} was not opened to edits", Quoted(edit.layer)));
    }
    if (edit.unit < 0 || edit.unit >= axis->units) {
      throw UsageError(fmt::format("layer {} has no unit {}; it has {} units, from 0",
                                   Quoted(edit.layer), edit.unit, axis->units));
    }
    if (!seen.emplace(edit.layer, edit.unit).second) {
      throw UsageError(
          fmt::format("unit {} of layer {} is edited twice", edit.unit, Quoted(edit.layer)));
    }
  }
}

Shape GateShape(const UnitAxis& axis) {
  Shape shape(axis.rank - axis.axis, 1);
  shape.front() = axis.units;
  return shape;
}

}  // namespace milan
