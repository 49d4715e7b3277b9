#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "milan/exemplar/value_scan.h"

namespace milan {

/// Counts of the magnitudes of one sign in buckets of their float bits: 2^kKeyMantissaBits buckets
/// in each of the kOctaves powers of two up to the largest magnitude seen; smaller ones share one
/// bucket. The buckets' range follows the largest magnitude and nothing else, so what is counted is
/// a function of the multiset of the values: Merge is commutative and associative.
class BucketCounts {
 public:
  static constexpr int kOctaves = 16;

  /// Counts the values that are not zero and have that sign. REQUIRES: finite values.
  void Add(std::span<const float> values, bool negative);
  void Merge(const BucketCounts& other);
  /// Asks for the memory that the next Add writes to, which after thousands of other units is far.
  void Prefetch() const {
    if (waiting_.empty()) return;
    __builtin_prefetch(waiting_.data() + waiting_count_, 1);
    __builtin_prefetch(waiting_.data() + waiting_count_ + 32, 1);
  }
  /// Counts what waits. Add does so by itself from time to time, and the result does not depend on
  /// when.
  void Flush();

  uint64_t total() const { return total_; }
  /// The magnitude of that ordinal in ascending order, taking those of one bucket as spread evenly
  /// over the part of it that lies in [low, high]. REQUIRES: ordinal < total(), nothing waits.
  double MagnitudeAt(uint64_t ordinal, double low, double high) const;

  /// Memory held: nothing before the first value, then about 20 kB; 3 times that from 2^32 values.
  size_t bytes() const {
    return waiting_.size() * sizeof(uint16_t) + counts_.size() * sizeof(uint32_t) +
           carried_.size() * sizeof(uint64_t);
  }

 private:
  void Count(std::span<const uint16_t> keys);
  void MakeRoom(uint64_t values);
  void Carry();
  void Reach(int octave);
  uint64_t CountOf(size_t bucket) const {
    return counts_[bucket] + (carried_.empty() ? 0 : carried_[bucket]);
  }
  int FirstKey() const { return (top_ - kOctaves + 1) * (1 << kKeyMantissaBits); }

  /// Keys not counted yet. Counting jumps all over the buckets, which costs a cache miss each when
  /// the few values of one photo are counted at once, as thousands of units take turns.
  std::vector<uint16_t> waiting_;
  size_t waiting_count_ = 0;
  int top_ = 0;  ///< The largest octave: the exponent bits of its magnitudes.
  /// Per bucket: [0] the shared one, [1] that of FirstKey(). Half as wide as the counts can become,
  /// for the cache's sake: before they overflow they are carried over into `carried_`.
  std::vector<uint32_t> counts_;
  std::vector<uint64_t> carried_;
  uint64_t counted_ = 0;  ///< Sum of counts_.
  uint64_t total_ = 0;
};

}  // namespace milan
