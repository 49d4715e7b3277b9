#pragma once

// Private to this module (libtorch).

#include <cstdint>

#include <torch/torch.h>

namespace milan {

/// Orthonormal columns [n, count] that hold nearly as much of the variance as the `count` principal
/// components of `covariance` [n, n] do: subspace iteration from random columns of torch's
/// generator. An exact decomposition of some thousand features takes minutes.
/// REQUIRES: 1 <= count <= n.
torch::Tensor PrincipalComponents(const torch::Tensor& covariance, int64_t count);

}  // namespace milan
