#pragma once

// Private to this module.

#include <optional>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/layer_view.h"
#include "milan/network/value_graph.h"

namespace milan {

/// Consecutive axes of a value that run, row by row, over the patches of the photo and its special
/// tokens.
struct TokenPositions {
  TokenGrid grid;
  size_t first = 0;  ///< Axis.
  size_t count = 0;  ///< Of axes.
};

/// Follows the positions of image maps [1, channels, height, width] through the network: flattened
/// to tokens, joined by special tokens, split into heads, added to others. A value gets positions
/// only where it is certain that their order is kept. Indices are those of the graph; `shapes` are
/// empty where they are not known.
std::vector<std::optional<TokenPositions>> FollowTokens(const ValueGraph& graph,
                                                        const std::vector<Shape>& shapes,
                                                        const std::vector<bool>& is_image);

}  // namespace milan
