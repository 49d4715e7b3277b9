#pragma once

// Private to this module.

#include "milan/network/network.h"

namespace milan {

/// The network with the type and shape of every output written down, as ONNX's checker demands:
/// those that the file leaves out are what ONNX Runtime infers, sizes that it cannot tell are open.
Network WithOutputShapes(const Network& network);

}  // namespace milan
