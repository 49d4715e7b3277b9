#include "milan/exemplar/top_k.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "milan/exemplar/value_scan.h"

namespace milan {
namespace {

bool IsBetter(float peak, int32_t photo_id, const TopK::Entry& than) {
  return peak != than.peak ? peak > than.peak : photo_id < than.photo_id;
}

}  // namespace

bool TopK::CanEnter(float peak, int32_t photo_id) const {
  if (std::isnan(peak)) return false;
  return static_cast<int64_t>(entries_.size()) < k_ || IsBetter(peak, photo_id, entries_.back());
}

void TopK::Add(int32_t photo_id, float peak, std::span<const float> map) {
  if (!CanEnter(peak, photo_id)) return;
  Entry entry = TakePlace();
  entry.peak = peak;
  entry.photo_id = photo_id;
  entry.map.resize(map.size());
  RoundToHalf(map, entry.map.data());
  Insert(std::move(entry));
}

void TopK::Merge(const TopK& other) {
  for (const Entry& entry : other.entries_) {
    if (!CanEnter(entry.peak, entry.photo_id)) return;  // nor can those after it
    TakePlace();
    Insert(entry);
  }
}

/// Makes room for one more. Returns the entry that leaves, for its memory, or an empty one.
TopK::Entry TopK::TakePlace() {
  if (static_cast<int64_t>(entries_.size()) < k_) return {};
  Entry last = std::move(entries_.back());
  entries_.pop_back();
  return last;
}

void TopK::Insert(Entry entry) {
  const auto place = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& existing) {
    return IsBetter(entry.peak, entry.photo_id, existing);
  });
  entries_.insert(place, std::move(entry));
}

}  // namespace milan
