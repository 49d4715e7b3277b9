#include "milan/captioner/principal_components.h"

#include <tuple>

namespace milan {

torch::Tensor PrincipalComponents(const torch::Tensor& covariance, int64_t count) {
  // Each multiplication favours large variances once more; four tell them apart well enough.
  constexpr int kIterations = 4;
  torch::Tensor components = torch::randn({covariance.size(0), count});
  for (int i = 0; i < kIterations; ++i) {
    components = std::get<0>(torch::linalg_qr(covariance.matmul(components)));
  }
  return components;
}

}  // namespace milan
