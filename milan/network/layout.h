#pragma once

// Private to this module.

#include <vector>

#include "milan/base/array.h"
#include "milan/network/network.h"

namespace milan {

/// Which values are arranged as images [batch, channels, height, width]. Four sizes do not make an
/// image: attention is [batch, heads, tokens, tokens]. What makes one is that an image operator
/// (convolution, pooling, ...) computes or reads it, or that it is related to such a value by
/// operators that keep the arrangement (activations, sums, concatenation).
/// `values` are in topological order, `shapes` are theirs.
std::vector<bool> FindImageLike(const std::vector<ComputedValue>& values,
                                const std::vector<Shape>& shapes);

}  // namespace milan
