#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/random.h"

namespace milan {

/// Numbers as layers give them: bell-shaped around `mean`; after a ReLU half of them are zero.
inline std::vector<float> RandomActivations(size_t count, uint64_t seed, bool after_relu,
                                            float mean = 0) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    const double radius = std::sqrt(-2 * std::log(1 - random.Uniform()));
    value = mean + static_cast<float>(radius * std::cos(6.283185307179586 * random.Uniform()));
    if (after_relu && value < 0) value = 0;
  }
  return values;
}

/// Hazen's quantile by its definition, from all values.
inline double ExactQuantile(std::vector<float> values, double q) {
  std::sort(values.begin(), values.end());
  const auto last = static_cast<double>(values.size() - 1);
  const double position = std::clamp(q * static_cast<double>(values.size()) - 0.5, 0.0, last);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, values.size() - 1);
  const double fraction = position - static_cast<double>(below);
  return values[below] + fraction * (static_cast<double>(values[above]) - values[below]);
}

/// How far the rank of `value` among `values` is from `q`; 0 where values equal to it span q.
inline double RankError(std::vector<float> values, float value, double q) {
  std::sort(values.begin(), values.end());
  const auto [first, last] = std::equal_range(values.begin(), values.end(), value);
  const auto count = static_cast<double>(values.size());
  const double low = static_cast<double>(first - values.begin()) / count;
  const double high = static_cast<double>(last - values.begin()) / count;
  return std::max({0.0, low - q, q - high});
}

}  // namespace milan
