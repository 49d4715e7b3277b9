#pragma once

#include <optional>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/cut.h"
#include "milan/network/engine.h"
#include "milan/network/gates.h"
#include "milan/network/network.h"

namespace milan {

/// How the parts of an AblatableNetwork are to be run: another optimisation would change bits.
inline constexpr EngineOptions kAblationEngine{.optimization = Optimization::kNone};

/// A network ready for ablation: optimised, gated, cut at its first gates.
struct AblatableNetwork {
  Network whole;            ///< Takes the photo, then scale and shift per gate; gives the output.
  CutNetwork cut;           ///< The same in two parts.
  std::vector<Gate> gates;  ///< In the order of the layers.
  /// The suffix without gates, for callers that edit what crosses: takes the crossing values only,
  /// with the layers' values edited. There when all layers cross the cut, as a single one does
  /// unless it is the output or computed in another precision than float32.
  std::optional<Network> plain_suffix;
};

/// Prepares `network`, which takes one input, for inputs of exactly `input` shape and edits of
/// `layers`; `output` is what is computed. Run with kAblationEngine, the two parts one after the
/// other give the bits of `whole`, and neutral gates those of the network with the layers tapped,
/// run with Optimization::kFused. (Networks that compute in half precision: nearly; ONNX Runtime on
/// the CPU computes them in float32 and rounds where it likes.)
/// Throws kUsage naming a layer that is not there or that the output does not depend on; kInput as
/// CreateEngine does.
AblatableNetwork PrepareAblation(const Network& network, const Shape& input,
                                 const std::vector<UnitAxis>& layers, const std::string& output);

}  // namespace milan
