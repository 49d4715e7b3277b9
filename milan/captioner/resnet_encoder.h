#pragma once

#include <string>
#include <vector>

#include "milan/base/torch_archive.h"
#include "milan/network/network.h"

namespace milan {

/// Values of the network that ReadResNet makes whose maps are the original's pyramid: conv1 as the
/// convolution leaves it (before its batch norm), and the outputs of the four groups of blocks.
std::vector<std::string> ResNetLevels();

/// A torchvision ResNet (18, 34, 50, 101, 152: what the tensors say) from its state dict, whose
/// names begin with `prefix`, as ONNX with float32 weights and inputs [N, 3, side, side]. Batch
/// norms are folded into their convolutions, except conv1's. Nothing after the last level is made.
/// Throws kInput naming file and tensor.
Network ReadResNet(const StateDict& state, const std::string& prefix, int64_t side);

}  // namespace milan
