#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace milan {

/// The k photos with the highest peaks of one unit, with their activation maps in half precision.
/// Ties are broken by the smaller photo id; a NaN peak never enters. What is kept does not depend
/// on the order of Add and Merge.
class TopK {
 public:
  struct Entry {
    float peak = 0;
    int32_t photo_id = -1;
    std::vector<uint16_t> map;  ///< Half precision.
  };

  explicit TopK(int64_t k) : k_(k) {}

  /// One comparison for photos that cannot enter; the map is converted only when they do.
  void Add(int32_t photo_id, float peak, std::span<const float> map);
  void Merge(const TopK& other);

  /// Best first; at most k.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  bool CanEnter(float peak, int32_t photo_id) const;
  Entry TakePlace();
  void Insert(Entry entry);

  int64_t k_;
  std::vector<Entry> entries_;
};

}  // namespace milan
