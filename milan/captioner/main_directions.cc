#include "milan/captioner/main_directions.h"

#include <tuple>

namespace milan {

torch::Tensor MainDirections(const torch::Tensor& covariance, int64_t count) {
  // Each multiplication favours large eigenvalues once more; four tell them apart well enough.
  constexpr int kIterations = 4;
  torch::Tensor directions = torch::randn({covariance.size(0), count});
  for (int i = 0; i < kIterations; ++i) {
    directions = std::get<0>(torch::linalg_qr(covariance.matmul(directions)));
  }
  return directions;
}

}  // namespace milan
