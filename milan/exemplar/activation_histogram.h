#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "milan/exemplar/bucket_counts.h"
#include "milan/exemplar/value_scan.h"

namespace milan {

/// Summary of all activations of one unit, good for any quantile: values are counted in buckets of
/// their float bits (BucketCounts); zeros, NaN and infinities are counted apart.
/// The state is a function of the multiset of the values: integers, extremes, and buckets whose
/// range follows the extremes. So Merge is commutative and associative, and results depend neither
/// on the order of the values nor on how they were divided.
class ActivationHistogram {
 public:
  void Add(std::span<const float> values) { Add(values, Summarize(values)); }
  /// The same with Summarize(values) already at hand.
  void Add(std::span<const float> values, const ValueSummary& summary);
  void Merge(const ActivationHistogram& other);
  void Prefetch() const { positive_.Prefetch(); }

  uint64_t count() const { return zeros_ + negative_.total() + positive_.total(); }  ///< Finite.
  uint64_t zeros() const { return zeros_; }
  uint64_t nans() const { return nans_; }
  uint64_t infinities() const { return infinities_; }
  /// Exact extremes of the finite values. REQUIRES: count() > 0.
  float minimum() const { return minimum_; }
  float maximum() const { return maximum_; }

  /// Hazen's quantile (type 5): position q * count - 0.5 in the sorted values counted from 0,
  /// clamped to the ends, linear between neighbours. Values of one bucket are taken as spread
  /// evenly over the part of it that lies in [minimum, maximum].
  ///
  /// Guarantee: no value is placed outside its bucket. So a neighbour is off by less than 2^-8 of
  /// itself or, where it is nearer to zero than 2^-15 of the largest magnitude of its sign, by less
  /// than that; the rank of the result is off by less than the share of the values in one bucket.
  /// Exact: minimum, maximum, zeros, and units with a single value.
  /// REQUIRES: count() > 0, 0 <= q <= 1.
  float Quantile(double q) const;

  /// Memory of the buckets: nothing for units that are always zero, constant for each sign.
  size_t bytes() const { return negative_.bytes() + positive_.bytes(); }

 private:
  void AddWithoutNotFinite(std::span<const float> values);
  double ValueAt(uint64_t ordinal) const;

  BucketCounts negative_;
  BucketCounts positive_;
  uint64_t zeros_ = 0;
  uint64_t nans_ = 0;
  uint64_t infinities_ = 0;
  float minimum_ = std::numeric_limits<float>::infinity();
  float maximum_ = -std::numeric_limits<float>::infinity();
};

}  // namespace milan
