#include "milan/exemplar/activation_histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "milan/base/error.h"

namespace milan {

void ActivationHistogram::Add(std::span<const float> values, const ValueSummary& summary) {
  if (values.empty()) return;
  if (!summary.is_finite) {
    AddWithoutNotFinite(values);
    return;
  }
  zeros_ += summary.zeros;
  // + 0 makes zero of minus zero: which of the two came first must not show.
  minimum_ = std::min(minimum_, summary.minimum + 0.0F);
  maximum_ = std::max(maximum_, summary.maximum + 0.0F);
  if (summary.maximum > 0) positive_.Add(values, false);
  if (summary.minimum < 0) negative_.Add(values, true);
}

void ActivationHistogram::AddWithoutNotFinite(std::span<const float> values) {
  std::vector<float> finite;
  for (const float value : values) {
    if (std::isnan(value)) {
      ++nans_;
    } else if (std::isinf(value)) {
      ++infinities_;
    } else {
      finite.push_back(value);
    }
  }
  Add(finite);
}

void ActivationHistogram::Merge(const ActivationHistogram& other) {
  negative_.Merge(other.negative_);
  positive_.Merge(other.positive_);
  zeros_ += other.zeros_;
  nans_ += other.nans_;
  infinities_ += other.infinities_;
  minimum_ = std::min(minimum_, other.minimum_);
  maximum_ = std::max(maximum_, other.maximum_);
}

/// REQUIRES: nothing waits to be counted.
double ActivationHistogram::ValueAt(uint64_t ordinal) const {
  if (ordinal == 0) return minimum_;
  if (ordinal + 1 == count()) return maximum_;
  if (ordinal < negative_.total()) {
    const double smallest = maximum_ < 0 ? -maximum_ : 0;
    return -negative_.MagnitudeAt(negative_.total() - 1 - ordinal, smallest, -minimum_);
  }
  ordinal -= negative_.total();
  if (ordinal < zeros_) return 0;
  return positive_.MagnitudeAt(ordinal - zeros_, std::max(minimum_, 0.0F), maximum_);
}

float ActivationHistogram::Quantile(double q) const {
  MILAN_CHECK(count() > 0, "quantile of nothing");
  ActivationHistogram whole = *this;
  whole.negative_.Flush();
  whole.positive_.Flush();
  const auto last = static_cast<double>(count() - 1);
  const double position = std::clamp(q * static_cast<double>(count()) - 0.5, 0.0, last);
  const auto below = static_cast<uint64_t>(position);
  const double fraction = position - static_cast<double>(below);
  const double low = whole.ValueAt(below);
  if (fraction == 0) return static_cast<float>(low);
  return static_cast<float>(low + fraction * (whole.ValueAt(below + 1) - low));
}

}  // namespace milan
