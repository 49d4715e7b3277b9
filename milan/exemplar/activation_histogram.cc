#include "milan/exemplar/activation_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr int kShift = 23 - ActivationHistogram::kMantissaBits;

/// Smallest magnitude of a bucket.
double LowerEdge(uint32_t key) { return std::bit_cast<float>(key << kShift); }

}  // namespace

void ActivationHistogram::Side::Reach(uint32_t key) {
  if (counts.empty()) first = key;
  if (key < first) {
    counts.insert(counts.begin(), first - key, 0);
    first = key;
  } else if (key - first >= counts.size()) {
    counts.resize(key - first + 1);
  }
}

void ActivationHistogram::AddMagnitude(Side& side, uint32_t magnitude_bits) {
  const uint32_t key = magnitude_bits >> kShift;
  if (key - side.first >= side.counts.size()) side.Reach(key);
  ++side.counts[key - side.first];
  ++side.total;
}

void ActivationHistogram::Add(std::span<const float> values) {
  uint64_t zeros = 0;
  for (const float value : values) {
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    const uint32_t magnitude = bits & 0x7FFFFFFFU;
    if (magnitude == 0) {  // most values after a ReLU
      ++zeros;
      continue;
    }
    if (magnitude >= 0x7F800000U) {
      ++not_finite_;
      continue;
    }
    AddMagnitude(magnitude == bits ? positive_ : negative_, magnitude);
    minimum_ = any_ ? std::min(minimum_, value) : value;
    maximum_ = any_ ? std::max(maximum_, value) : value;
    any_ = true;
  }
  if (zeros > 0) {
    zeros_ += zeros;
    minimum_ = any_ ? std::min(minimum_, 0.0F) : 0.0F;
    maximum_ = any_ ? std::max(maximum_, 0.0F) : 0.0F;
    any_ = true;
  }
}

void ActivationHistogram::Merge(const ActivationHistogram& other) {
  const auto merge_side = [](Side& side, const Side& from) {
    if (from.counts.empty()) return;
    side.Reach(from.first);
    side.Reach(from.first + static_cast<uint32_t>(from.counts.size()) - 1);
    for (size_t i = 0; i < from.counts.size(); ++i) {
      side.counts[from.first - side.first + i] += from.counts[i];
    }
    side.total += from.total;
  };
  merge_side(negative_, other.negative_);
  merge_side(positive_, other.positive_);
  zeros_ += other.zeros_;
  not_finite_ += other.not_finite_;
  if (!other.any_) return;
  minimum_ = any_ ? std::min(minimum_, other.minimum_) : other.minimum_;
  maximum_ = any_ ? std::max(maximum_, other.maximum_) : other.maximum_;
  any_ = true;
}

double ActivationHistogram::ValueAt(uint64_t ordinal) const {
  if (ordinal == 0) return minimum_;
  if (ordinal + 1 >= count()) return maximum_;
  const auto inside = [&](double low, double high, uint64_t rank, uint64_t bucket_count) {
    low = std::max<double>(low, minimum_);
    high = std::min<double>(high, maximum_);
    return low +
           (high - low) * (static_cast<double>(rank) + 0.5) / static_cast<double>(bucket_count);
  };
  if (ordinal < negative_.total) {  // from the largest magnitude downwards
    for (size_t i = negative_.counts.size(); i-- > 0; ordinal -= negative_.counts[i]) {
      const uint32_t key = negative_.first + static_cast<uint32_t>(i);
      if (ordinal < negative_.counts[i]) {
        return inside(-LowerEdge(key + 1), -LowerEdge(key), ordinal, negative_.counts[i]);
      }
    }
  }
  ordinal -= negative_.total;
  if (ordinal < zeros_) return 0;
  ordinal -= zeros_;
  for (size_t i = 0; i < positive_.counts.size(); ordinal -= positive_.counts[i], ++i) {
    const uint32_t key = positive_.first + static_cast<uint32_t>(i);
    if (ordinal < positive_.counts[i]) {
      return inside(LowerEdge(key), LowerEdge(key + 1), ordinal, positive_.counts[i]);
    }
  }
  return maximum_;
}

float ActivationHistogram::Quantile(double q) const {
  MILAN_CHECK(count() > 0, "quantile of nothing");
  const auto last = static_cast<double>(count() - 1);
  const double position = std::clamp(q * static_cast<double>(count()) - 0.5, 0.0, last);
  const auto below = static_cast<uint64_t>(position);
  const double fraction = position - static_cast<double>(below);
  const double low = ValueAt(below);
  return static_cast<float>(fraction == 0 ? low : low + fraction * (ValueAt(below + 1) - low));
}

}  // namespace milan
