#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "milan/exemplar/bucket_counts.h"

namespace milan {

/// The extremes of some values.
struct Extremes {
  float minimum = std::numeric_limits<float>::infinity();
  float maximum = -std::numeric_limits<float>::infinity();
  bool has_nan = false;
};

/// A value, not zero, that many activations have exactly, such as what a channel gives where its
/// input is zero. Found as the most frequent first value of a block of a map that is not zero; ties
/// go to the larger value.
struct Atom {
  float value = 0;
  uint32_t count = 0;  ///< Within one block, at most.
  friend auto operator<=>(const Atom& a, const Atom& b) {
    return a.count != b.count ? a.count <=> b.count : std::strong_order(a.value, b.value);
  }
};

/// The two most frequent atoms of one unit. What they are does not depend on the order of Add.
struct Atoms {
  std::array<Atom, 2> best;  ///< The more frequent one first; counts of 0 where there is none.
  void Add(const Atom& atom);
};

/// Summary of all activations of one unit, good for any quantile: values are counted in buckets of
/// their float bits (BucketCounts); zeros, NaN and infinities are counted apart.
/// The state is a function of the multiset of the values: integers, extremes, and buckets whose
/// range follows the extremes. So Merge is commutative and associative, and results depend neither
/// on the order of the values nor on how they were divided.
class ActivationHistogram {
 public:
  /// Returns the extremes of these values, infinities included.
  Extremes Add(std::span<const float> values);
  void Merge(const ActivationHistogram& other);
  void Clear();  ///< As new, but keeps the memory.
  /// Counts what waits. Add does so by itself from time to time, and the result does not depend on
  /// when. Everything below but count() and the extremes REQUIRES that nothing waits.
  void Flush();
  /// Asks for the memory that the next Add writes to, which after thousands of other units is far.
  void Prefetch() const {
    constexpr size_t kPerCacheLine = 64 / sizeof(uint16_t);
    const uint16_t* end = waiting_[kPositive].data() + waiting_[kPositive].size();
    for (size_t line = 0; line < 4; ++line) __builtin_prefetch(end + line * kPerCacheLine, 1);
  }

  uint64_t count() const { return finite_; }  ///< Finite values.
  uint64_t zeros() const;                     ///< Magnitudes below 2^-134 among them.
  uint64_t nans() const { return nans_; }
  uint64_t infinities() const { return infinities_; }
  /// Exact extremes of the finite values. REQUIRES: count() > 0.
  float minimum() const { return minimum_; }
  float maximum() const { return maximum_; }

  /// Hazen's quantile (type 5): position q * count - 0.5 in the sorted values counted from 0,
  /// clamped to the ends, linear between neighbours. Values of one bucket are taken as spread
  /// evenly over the part of it that lies in [minimum, maximum], but for the atoms.
  ///
  /// Guarantee: no value is placed outside its bucket. So a neighbour is off by less than 2^-8 of
  /// itself or, where it is nearer to zero than 2^-15 of the largest magnitude of its sign, by less
  /// than that; the rank of the result is off by less than the share of the values in one bucket.
  /// Exact: minimum, maximum, zeros, and units with a single value.
  /// REQUIRES: count() > 0, 0 <= q <= 1.
  float Quantile(double q) const;

  /// Counts in `bins` equal parts of [minimum, maximum], for display: those of a bucket count where
  /// its middle lies. Zeros when count() is 0.
  std::vector<uint64_t> Distribution(int64_t bins) const;

  /// The state as plain data, for files.
  struct Totals {
    float minimum = 0;
    float maximum = 0;
    uint64_t finite = 0;
    uint64_t nans = 0;
    uint64_t infinities = 0;
    Atoms atoms;
  };
  Totals ExportTotals() const { return {minimum_, maximum_, finite_, nans_, infinities_, atoms_}; }
  BucketCounts::Content ExportBuckets(Sign sign) const;  ///< REQUIRES: nothing waits.
  static ActivationHistogram Import(const Totals& totals,
                                    const std::array<BucketCounts::Content, 2>& buckets);

  /// Memory of buckets and waiting keys.
  size_t bytes() const;
  /// Keys of one sign that may wait, where maps have so many positions: those of some photos.
  static constexpr size_t WaitingRoom(size_t positions) {
    return std::max<size_t>(4096, 4 * positions);
  }
  static constexpr size_t LargestBytes(size_t positions) {
    return 2 * (BucketCounts::kBuckets * sizeof(uint32_t) +
                WaitingRoom(positions) * sizeof(uint16_t)) +
           256;
  }

 private:
  void AddBlock(std::span<const float> values, Extremes& extremes);
  void AddNotFinite(std::span<const float> values, Extremes& extremes);
  void AddKeys(Sign sign, std::span<const uint16_t> keys);
  void Count(Sign sign, std::span<uint16_t> keys);
  std::array<double, 2> AtomsOf(Sign sign) const;
  double ValueAt(uint64_t ordinal) const;

  float minimum_ = std::numeric_limits<float>::infinity();
  float maximum_ = -std::numeric_limits<float>::infinity();
  uint64_t finite_ = 0;
  uint64_t nans_ = 0;
  uint64_t infinities_ = 0;
  Atoms atoms_;
  size_t room_ = WaitingRoom(1);
  /// Keys not counted yet. Counting jumps all over the buckets, which costs cache misses when the
  /// values of one photo are counted at once, as thousands of units take turns.
  std::array<std::vector<uint16_t>, 2> waiting_;  ///< By sign.
  std::array<BucketCounts, 2> buckets_;           ///< By sign.
};

}  // namespace milan
