#pragma once

// Private to this module (libtorch).

#include <cstdint>

#include <torch/torch.h>

namespace milan {

/// Orthonormal columns [n, count] along which nearly as much of the variance lies as along the
/// `count` largest eigenvectors of `covariance` [n, n]: subspace iteration from random columns of
/// torch's generator. An exact decomposition of some thousand features takes minutes.
/// REQUIRES: 1 <= count <= n.
torch::Tensor MainDirections(const torch::Tensor& covariance, int64_t count);

}  // namespace milan
