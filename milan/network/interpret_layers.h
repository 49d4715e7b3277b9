#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milan/network/layer.h"
#include "milan/network/layer_view.h"
#include "milan/network/network.h"

namespace milan {

/// How tokens become maps where the network does not tell, or against what it tells.
struct TokenOptions {
  std::optional<std::array<int64_t, 2>> grid;  ///< {height, width} in patches.
  int64_t special_tokens = 0;                  ///< Class token and registers; needs `grid`.
  bool special_last = false;                   ///< They come after the patches.
  /// Not set: the class token's where there are special tokens, else the mean over the patches.
  std::optional<AttentionFrom> attention;
};

/// What ListLayers found, with all that the network's graph tells of it:
/// - values [1, height, width, units], tokens and attention heads become layers with maps. How
///   tokens lie on the photo is followed from where maps were flattened; where that is not certain
///   the layer stays without units, and its `problem` asks for the options;
/// - the PyTorch modules whose outputs the values are, and convolutions with a BatchNorm folded in;
/// - before or after which activation function a value is;
/// - which layers are proposed: what all information of the photo passes through (the ends of
///   blocks, convolutions with their activation), outputs of modules that hold several convolutions
///   or products, hidden activations of tokens, attention heads, and the default layers.
/// Throws kUsage when `options` fit no layer.
std::vector<Layer> InterpretLayers(const Network& network, std::vector<Layer> layers,
                                   const TokenOptions& options = {});

/// The network whose outputs are the maps of the layers, in this order (TapViews).
Network TapLayers(const Network& network, const std::vector<Layer>& layers);

}  // namespace milan
