#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace milan {

/// Where the units of a layer lie among its axes: axis 1 of a map [N, units, h, w] of rank 4 or of
/// a vector [N, units] of rank 2, the last axis of tokens [N, tokens, units] and of maps
/// [N, h, w, units], the third last of attention heads.
struct UnitAxis {
  std::string layer;
  int64_t units = 0;
  int axis = 1;
  int rank = 4;
};
/// REQUIRES: the layer is describable.
UnitAxis UnitAxisOf(const Layer& layer);

/// The shift that changes no bit: x + (-0) is x even where x is -0.
inline constexpr float kNoShift = -0.0F;

/// What becomes of one unit: value * scale + shift at every position. Where scale is 0 the value
/// counts as 0, even when it is infinite or NaN: the unit then is `shift` everywhere.
struct UnitEdit {
  std::string layer;
  int64_t unit = 0;
  float scale = 1;
  float shift = kNoShift;

  bool operator==(const UnitEdit&) const = default;
};
UnitEdit ZeroUnit(const std::string& layer, int64_t unit);
UnitEdit SetUnit(const std::string& layer, int64_t unit, float value);
UnitEdit ScaleUnit(const std::string& layer, int64_t unit, float factor);

/// Of a gate's scale and shift: [units, 1, ...], which broadcasts over what comes before the units.
Shape GateShape(const UnitAxis& axis);

/// Scale and shift of all units of a layer, in the shape that a gate takes.
struct GateValues {
  Array scale;
  Array shift;

  void Set(const UnitEdit& edit);
  void Reset(int64_t unit);
};
/// All units as they are.
GateValues NeutralGate(const UnitAxis& axis);

/// The inputs of one gate.
struct Gate {
  UnitAxis axis;
  std::string ungated;  ///< The layer's value before the gate.
  std::string scale;    ///< float32 [units, 1, ...]
  std::string shift;    ///< The same.
};

struct GatedNetwork {
  Network network;
  std::vector<Gate> gates;  ///< In the order asked for.
};

/// The network with a gate at each layer, which is controlled by two more inputs each: after the
/// network's own come scale and shift of the first layer, of the second, ... All that reads the
/// layer, the network's outputs too, reads value * scale + shift; the layer keeps its name, which
/// now stands for the gated value. With neutral gates every value has the same bits as without
/// them, except that ONNX Runtime's Where makes 0 of -0, provided that the engine does not optimise
/// across (decision record 0010, `PrepareAblation`). Where the network's operator set is older than
/// 9, which has no Where, an infinite value of a unit whose scale is 0 gives NaN.
/// Throws kUsage naming a layer that is not there (with the nearest names), named twice or not
/// floating-point; kInput when the operator set is older than 7.
GatedNetwork WithGates(const Network& network, const std::vector<UnitAxis>& layers);

/// The same with the edits as constants, in as few operators as they need (one Where for units that
/// are set to values). Layers without edits get none. Throws also kUsage naming a unit that the
/// layer does not have, or that is edited twice.
Network WithConstantGates(const Network& network, const std::vector<UnitAxis>& layers,
                          const std::vector<UnitEdit>& edits);

/// Throws kUsage when an edit's layer is none of `layers`, its unit is not one of the layer's, or a
/// unit is edited twice.
void Validate(const std::vector<UnitEdit>& edits, const std::vector<UnitAxis>& layers);

}  // namespace milan
