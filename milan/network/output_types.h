#pragma once

// Private to this module.

#include <vector>

#include "milan/network/network.h"

namespace milan {

/// The network's outputs with the types and shapes that ONNX Runtime infers; open sizes are -1, and
/// a shape that it cannot tell is empty. An output that is no tensor has the type "not a tensor".
std::vector<NetworkValue> InferOutputTypes(const Network& network);

}  // namespace milan
