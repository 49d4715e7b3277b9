#include "average_precision.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <vector>

namespace milan {

double AveragePrecision(std::span<const float> scores, std::span<const float> is_labelled) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  double found = 0;
  double sum = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (is_labelled[order[i]] == 0) continue;
    found += 1;
    sum += found / static_cast<double>(i + 1);
  }
  return found == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / found;
}

}  // namespace milan
