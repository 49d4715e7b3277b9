#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace milan {

/// What makes a photo better than another one of the same unit.
enum class PhotoOrder {
  /// The higher peak; where peaks are equal, as they are when the activation function has a cap,
  /// the map that has its peak in more places, then that with the higher mean (decision record
  /// 0006).
  kHighestPeak,
  kLowestPeak,  ///< The lower peak, then the lower mean.
  kByChance     ///< A number drawn for the photo id, the same one for all units.
};

/// The k best photos of one unit, with their activation maps in half precision; of equals, those
/// with the smaller ids. A NaN peak never enters. What is kept does not depend on the order of Add
/// and Merge.
class TopK {
 public:
  struct Entry {
    float peak = 0;
    int32_t photo_id = -1;
    std::vector<uint16_t> map = {};  ///< Half precision.
    // Of the map, for ties; found when first asked for, since most photos differ by their peaks:
    std::optional<int64_t> places = {};  ///< Where it has its peak.
    std::optional<int64_t> sum = {};     ///< In units of the smallest half.
  };

  explicit TopK(int64_t k, PhotoOrder order = PhotoOrder::kHighestPeak) : k_(k), order_(order) {}

  /// One comparison for most photos that cannot enter; the map is read only when they might.
  void Add(int32_t photo_id, float peak, std::span<const float> map);
  void Merge(const TopK& other);
  void Insert(const Entry& entry);  ///< As Add, of what an entry holds.
  void Clear();                     ///< As new, but keeps the memory.

  /// Best first; at most k.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  float MeritOf(float peak, int32_t photo_id) const;
  bool IsBetter(Entry& a, Entry& b) const;
  void Place(Entry entry);
  std::vector<uint16_t> TakeMap(size_t size);
  bool IsFull() const { return static_cast<int64_t>(entries_.size()) == k_; }

  int64_t k_;
  PhotoOrder order_;
  /// Of the last entry once there are k: kept here for the cache's sake.
  float lowest_merit_ = -std::numeric_limits<float>::infinity();
  /// Nothing with the same peak is better than a map that has its peak everywhere: where a unit is
  /// silent on most photos these need no second look.
  bool lowest_is_flat_ = false;
  std::vector<Entry> entries_;
  /// Maps of entries that had to go, for those that come: so that memory, once taken, is enough.
  std::vector<std::vector<uint16_t>> spare_maps_;
};

}  // namespace milan
