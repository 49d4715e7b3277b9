#include "milan/exemplar/top_k.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "milan/base/array.h"
#include "milan/base/random.h"
#include "milan/exemplar/value_scan.h"

namespace milan {
namespace {

/// Ascends with the value of the half.
int16_t KeyOf(uint16_t half) {
  const auto bits = static_cast<int16_t>(half);
  return static_cast<int16_t>(bits ^ (bits >> 15 & 0x7FFF));
}

int64_t PlacesAtPeak(const std::vector<uint16_t>& map) {
  int16_t highest = std::numeric_limits<int16_t>::min();
  for (const uint16_t half : map) highest = std::max(highest, KeyOf(half));
  int64_t places = 0;
  for (const uint16_t half : map) places += KeyOf(half) == highest ? 1 : 0;
  return places;
}

/// The sum of a map in units of the smallest half, exactly.
int64_t SumOf(const std::vector<uint16_t>& map) {
  int64_t sum = 0;
  for (const uint16_t half : map) {
    const int exponent = half >> 10 & 31;
    const int64_t mantissa = half & 1023;
    const int64_t magnitude = exponent == 0 ? mantissa : (mantissa + 1024) << (exponent - 1);
    sum += half >> 15 == 0 ? magnitude : -magnitude;
  }
  return sum;
}

int64_t PlacesOf(TopK::Entry& entry) {
  if (!entry.places) entry.places = PlacesAtPeak(entry.map);
  return *entry.places;
}

int64_t SumOf(TopK::Entry& entry) {
  if (!entry.sum) entry.sum = SumOf(entry.map);
  return *entry.sum;
}

bool IsFlat(const std::vector<uint16_t>& map) {
  return std::all_of(map.begin(), map.end(), [&](uint16_t half) { return half == map.front(); });
}

}  // namespace

float TopK::MeritOf(float peak, int32_t photo_id) const {
  if (order_ == PhotoOrder::kHighestPeak) return peak;
  if (order_ == PhotoOrder::kLowestPeak) return -peak;
  constexpr int kDropped = 40;  // what a float holds is left
  return static_cast<float>(Random(static_cast<uint64_t>(photo_id)).Next() >> kDropped);
}

bool TopK::IsBetter(Entry& a, Entry& b) const {
  const float a_merit = MeritOf(a.peak, a.photo_id);
  const float b_merit = MeritOf(b.peak, b.photo_id);
  if (a_merit != b_merit) return a_merit > b_merit;
  if (order_ == PhotoOrder::kHighestPeak && PlacesOf(a) != PlacesOf(b)) {
    return PlacesOf(a) > PlacesOf(b);
  }
  if (order_ != PhotoOrder::kByChance && SumOf(a) != SumOf(b)) {
    return (SumOf(a) > SumOf(b)) == (order_ == PhotoOrder::kHighestPeak);
  }
  return a.photo_id < b.photo_id;
}

void TopK::Add(int32_t photo_id, float peak, std::span<const float> map) {
  const float merit = MeritOf(peak, photo_id);
  if (std::isnan(peak) || merit < lowest_merit_) return;
  if (merit == lowest_merit_ && lowest_is_flat_ && photo_id > entries_.back().photo_id) return;
  Entry entry = {peak, photo_id, TakeMap(map.size())};
  RoundToHalf(map, entry.map.data());
  Place(std::move(entry));
}

void TopK::Merge(const TopK& other) {
  for (const Entry& entry : other.entries_) Insert(entry);
}

void TopK::Insert(const Entry& entry) {
  Entry copy = {entry.peak, entry.photo_id, TakeMap(entry.map.size())};
  std::copy(entry.map.begin(), entry.map.end(), copy.map.begin());
  Place(std::move(copy));
}

void TopK::Place(Entry entry) {
  if (IsFull() && !IsBetter(entry, entries_.back())) {
    spare_maps_.push_back(std::move(entry.map));
    return;
  }
  const auto place = std::find_if(entries_.begin(), entries_.end(),
                                  [&](Entry& existing) { return IsBetter(entry, existing); });
  entries_.insert(place, std::move(entry));
  if (static_cast<int64_t>(entries_.size()) > k_) {
    spare_maps_.push_back(std::move(entries_.back().map));
    entries_.pop_back();
  }
  if (!IsFull()) return;
  const Entry& lowest = entries_.back();
  lowest_merit_ = MeritOf(lowest.peak, lowest.photo_id);
  lowest_is_flat_ = order_ == PhotoOrder::kHighestPeak && IsFlat(lowest.map);
}

std::vector<uint16_t> TopK::TakeMap(size_t size) {
  std::vector<uint16_t> map;
  if (!spare_maps_.empty()) {
    map = std::move(spare_maps_.back());
    spare_maps_.pop_back();
  }
  map.resize(size);
  return map;
}

void TopK::Clear() {
  for (Entry& entry : entries_) spare_maps_.push_back(std::move(entry.map));
  entries_.clear();
  lowest_is_flat_ = false;
  lowest_merit_ = -std::numeric_limits<float>::infinity();
}

}  // namespace milan
