#pragma once

#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/network.h"

namespace milan {

/// A network in two parts: what stays the same while some inputs change, and the rest.
struct CutNetwork {
  /// Takes the network's inputs except those that change, in their order. Its outputs cross the
  /// cut.
  Network prefix;
  /// Takes the values that cross the cut, in the order of the prefix's outputs, then the changing
  /// inputs in the order asked for. Its outputs are the ones asked for.
  Network suffix;
  /// The crossing values' names in the whole network.
  std::vector<std::string> crossing;
};

/// Cuts a network so that `outputs` can be computed again and again for other values of the inputs
/// `changing` (those of gates, say) without computing again what does not depend on these. The
/// crossing values are float32 or float16, which an Engine carries without a change; those of other
/// types (sizes, indices, float64) are computed again in the suffix, and so is what depends on no
/// input. Both parts run with Optimization::kNone give the same bits as the whole does.
/// Throws kUsage naming an output that is not there or does not depend on `changing`, or an input
/// that is not there.
CutNetwork Cut(const Network& network, const std::vector<std::string>& changing,
               const std::vector<std::string>& outputs);

/// The network with the shape of its one input fixed, so that the engine can compute all sizes
/// beforehand. Throws kInput when the network has another number of inputs.
Network WithInputShape(const Network& network, const Shape& shape);

}  // namespace milan
