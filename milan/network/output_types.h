#pragma once

// Private to this module.

#include <vector>

#include "milan/network/network.h"

namespace milan {

/// The network's outputs with the types that ONNX Runtime infers, whatever the file says of them;
/// shapes are left empty. An output that is no tensor has the type "not a tensor".
std::vector<NetworkValue> InferOutputTypes(const Network& network);

}  // namespace milan
