#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace milan {

/// Summary of all activations of one unit, good for any quantile (docs/decisions/0005).
///
/// Values are counted in buckets of their float bits: sign, exponent and the first kMantissaBits
/// bits of the mantissa, so a bucket spans at most 1/2^kMantissaBits of its value. Zeros, NaN and
/// infinities are counted apart. Everything is an integer or a minimum/maximum: Merge is
/// commutative and associative, so results do not depend on order, splits or threads.
class ActivationHistogram {
 public:
  static constexpr int kMantissaBits = 9;

  void Add(std::span<const float> values);
  void Merge(const ActivationHistogram& other);

  uint64_t count() const { return zeros_ + negative_.total + positive_.total; }  ///< Finite ones.
  uint64_t not_finite() const { return not_finite_; }
  float minimum() const { return minimum_; }  ///< REQUIRES: count() > 0.
  float maximum() const { return maximum_; }

  /// Hazen's quantile (type 5): position q*n - 0.5 in the sorted values, linear between neighbours;
  /// values inside a bucket are taken as spread evenly over the part of it that lies in
  /// [minimum, maximum]. The rank error is below the share of the one bucket that holds the
  /// quantile, the relative value error below 2^-kMantissaBits. REQUIRES: count() > 0.
  float Quantile(double q) const;

  size_t bytes() const { return (negative_.counts.size() + positive_.counts.size()) * 8; }

 private:
  /// Counts of consecutive buckets, `first` being the key of counts[0].
  struct Side {
    uint32_t first = 0;
    std::vector<uint64_t> counts;
    uint64_t total = 0;

    void Reach(uint32_t key);
  };

  double ValueAt(uint64_t ordinal) const;
  void AddMagnitude(Side& side, uint32_t magnitude_bits);

  Side negative_;
  Side positive_;
  uint64_t zeros_ = 0;
  uint64_t not_finite_ = 0;
  float minimum_ = 0;
  float maximum_ = 0;
  bool any_ = false;
};

}  // namespace milan
