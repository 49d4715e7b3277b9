#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
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
  /// [0] is the shared one, then they ascend.
  static constexpr size_t kBuckets = (size_t{kOctaves} << kKeyMantissaBits) + 1;

  /// Counts what has these keys, and makes places of them. `largest` is the largest magnitude among
  /// everything counted with these.
  void Count(std::span<uint16_t> keys, float largest);
  void Merge(const BucketCounts& other);
  void Clear();  ///< Counts nothing any more, but keeps the memory.

  uint64_t Total() const;

  /// The middles of the buckets that are not empty, and their counts, ascending.
  std::vector<std::pair<double, uint64_t>> Middles() const;

  /// The state as plain data, for files: buckets that are not empty, ascending.
  struct Content {
    int top = 0;
    std::vector<uint16_t> buckets;
    std::vector<uint64_t> counts;
  };
  Content Export() const;
  /// REQUIRES: what Export gave (checked as far as memory is concerned: throws kInternal).
  static BucketCounts Import(const Content& content);

  /// What is known of the magnitudes besides the counts.
  struct Knowledge {
    double low = 0;  ///< All lie in [low, high].
    double high = 0;
    std::array<double, 2> atoms =
        {};  ///< Magnitudes that many have, the most frequent first; or 0.
  };
  /// The magnitude of that ordinal in ascending order. Those of one bucket are taken as spread
  /// evenly over the part of it that lies in [low, high]; in the bucket of an atom, only as many as
  /// its neighbours have on average, and the others are the atom. REQUIRES: ordinal < Total().
  double MagnitudeAt(uint64_t ordinal, const Knowledge& known) const;

  /// Memory held: nothing before the first value, then 16 kB; 3 times that from 2^32 values.
  size_t bytes() const {
    return counts_.size() * sizeof(uint32_t) + carried_.size() * sizeof(uint64_t);
  }

 private:
  bool IsEmpty() const { return counted_ == 0 && carried_.empty(); }
  void Reach(int octave);
  void MakeRoom(uint64_t values);
  void Carry();
  double MeanOfNeighbours(size_t bucket) const;
  uint64_t CountOf(size_t bucket) const {
    return counts_[bucket] + (carried_.empty() ? 0 : carried_[bucket]);
  }
  /// The key before that of bucket 1.
  int BeforeFirst() const { return (top_ - kOctaves + 1) * (1 << kKeyMantissaBits) - 1; }

  int top_ = 0;  ///< The largest octave: the exponent bits of its magnitudes.
  /// Half as wide as the counts can become, for the cache's sake: before they overflow they are
  /// carried over into `carried_`.
  std::vector<uint32_t> counts_;
  std::vector<uint64_t> carried_;
  uint64_t counted_ = 0;  ///< Sum of counts_.
};

}  // namespace milan
