#include "milan/evaluate/interval.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

/// Linear interpolation between the two nearest of the sorted values.
double Quantile(std::span<const double> sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

}  // namespace

Interval Bootstrap(size_t count, const std::function<double(std::span<const size_t>)>& statistic,
                   const BootstrapOptions& options) {
  MILAN_CHECK(options.resamples > 0, "a bootstrap needs resamples");
  if (count == 0) return {};
  std::vector<size_t> items(count);
  std::iota(items.begin(), items.end(), size_t{0});
  const double value = statistic(items);
  Random random(options.seed);
  std::vector<double> resampled;
  for (int i = 0; i < options.resamples; ++i) {
    for (size_t& item : items) item = random.Below(count);
    resampled.push_back(statistic(items));
  }
  std::sort(resampled.begin(), resampled.end());
  return {value, Quantile(resampled, 0.025), Quantile(resampled, 0.975)};
}

Interval BootstrapMean(std::span<const double> values, const BootstrapOptions& options) {
  const auto mean = [values](std::span<const size_t> items) {
    double sum = 0;
    for (const size_t item : items) sum += values[item];
    return sum / static_cast<double>(items.size());
  };
  return Bootstrap(values.size(), mean, options);
}

}  // namespace milan
