#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/random.h"

namespace milan {

/// The sketch of Karnin, Lang and Liberty, "Optimal quantile approximation in streams" (2016), with
/// random compaction, capacities that shrink by 2/3 per level, and lazy compaction: a level is
/// halved only when the whole is full. Only for the comparison of docs/decisions/0008.
class Kll {
 public:
  Kll(size_t k, uint64_t seed);

  void Add(std::span<const float> values);
  void Merge(const Kll& other);
  void Flush() {}  ///< Nothing waits.
  float Quantile(double q) const;

  size_t MemoryBytes() const;
  std::string State() const;  ///< What would be written to a file.

 private:
  size_t Capacity(size_t level) const;
  void Grow();
  void Compress();
  void CompactInto(size_t level);

  size_t k_;
  Random random_;
  std::vector<std::vector<float>> levels_;  ///< An item of level h stands for 2^h values.
  size_t size_ = 0;
  size_t largest_size_ = 0;
};

}  // namespace milan
