#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

namespace milan {

/// A value with its 95 % interval.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct BootstrapOptions {
  uint64_t seed = 1;
  int resamples = 1000;
};

/// Percentile bootstrap over items: `statistic` of all items 0 .. count-1, and its 2.5 % and 97.5 %
/// quantiles over resamples drawn with replacement. Zeros when `count` is 0.
Interval Bootstrap(size_t count, const std::function<double(std::span<const size_t>)>& statistic,
                   const BootstrapOptions& options);

/// Bootstrap of the mean.
Interval BootstrapMean(std::span<const double> values, const BootstrapOptions& options);

}  // namespace milan
