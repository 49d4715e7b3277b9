#include "milan/exemplar/layer_statistics.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

// Thousands of units take turns, so what belongs to one is far from the processor when its turn
// comes. It is asked for some turns before: first the unit itself, then what it points to.
constexpr int64_t kAhead = 3;
constexpr int64_t kFarAhead = 8;

template <typename T>
void Prefetch(const T& object) {
  constexpr size_t kCacheLine = 64;
  const auto* bytes = reinterpret_cast<const char*>(&object);
  for (size_t at = 0; at < sizeof(T); at += kCacheLine) __builtin_prefetch(bytes + at, 1);
}

UnitState StateOf(const ActivationHistogram& histogram) {
  if (histogram.nans() > 0 || histogram.infinities() > 0 || histogram.count() == 0) {
    return UnitState::kInvalid;
  }
  if (histogram.minimum() != histogram.maximum()) return UnitState::kAlive;
  return histogram.maximum() == 0 ? UnitState::kDead : UnitState::kConstant;
}

std::vector<TopK> PerUnit(int64_t units, int64_t count, PhotoOrder order) {
  return std::vector<TopK>(count > 0 ? units : 0, TopK(count, order));
}

std::vector<const TopK::Entry*> Pointers(const TopK& photos) {
  std::vector<const TopK::Entry*> entries;
  for (const TopK::Entry& entry : photos.entries()) entries.push_back(&entry);
  return entries;
}

/// Those of a sample that have peaks nearest to its median, nearest first.
std::vector<const TopK::Entry*> NearestToMedian(const TopK& sample) {
  std::vector<const TopK::Entry*> entries = Pointers(sample);
  if (entries.empty()) return entries;
  const auto middle = entries.begin() + static_cast<ptrdiff_t>(entries.size() / 2);
  std::nth_element(entries.begin(), middle, entries.end(),
                   [](const auto* a, const auto* b) { return a->peak < b->peak; });
  const float median = (*middle)->peak;
  const auto distance = [median](const TopK::Entry* entry) {
    return std::pair(std::abs(entry->peak - median), entry->photo_id);
  };
  std::sort(entries.begin(), entries.end(),
            [&](const auto* a, const auto* b) { return distance(a) < distance(b); });
  return entries;
}

std::vector<const TopK::Entry*> Without(const TopK& sample, const TopK& strongest) {
  std::vector<const TopK::Entry*> entries = Pointers(sample);
  std::erase_if(entries, [&](const TopK::Entry* entry) {
    return std::any_of(
        strongest.entries().begin(), strongest.entries().end(),
        [&](const TopK::Entry& strong) { return strong.photo_id == entry->photo_id; });
  });
  return entries;
}

}  // namespace

LayerStatistics::LayerStatistics(int64_t units, int64_t height, int64_t width,
                                 const KeptPhotos& kept)
    : units_(units),
      height_(height),
      width_(width),
      kept_(kept),
      histograms_(units),
      strongest_(PerUnit(units, kept.strongest, PhotoOrder::kHighestPeak)),
      weakest_(PerUnit(units, kept.weakest, PhotoOrder::kLowestPeak)),
      sampled_(PerUnit(units, kept.sampled, PhotoOrder::kByChance)) {
  MILAN_CHECK(units >= 1 && height >= 1 && width >= 1 && kept.strongest >= 1,
              "a layer without units or maps");
}

void LayerStatistics::CheckShape(const Shape& shape) const {
  Shape found = shape;
  if (found.size() == 4 || found.size() == 2) {
    if (found.front() == 1) found.erase(found.begin());  // one photo
  }
  if (found == Shape{units_, height_, width_}) return;
  if (found == Shape{units_} && height_ * width_ == 1) return;
  throw InputError("activations of shape " + ToString(shape) + " where " +
                   ToString({1, units_, height_, width_}) + " is expected");
}

void LayerStatistics::Add(int32_t photo_id, const ArrayView& activations) {
  CheckShape(activations.shape);
  const auto positions = static_cast<size_t>(height_ * width_);
  MILAN_CHECK(activations.values.size() == static_cast<size_t>(units_) * positions,
              "a view whose values are not as many as its shape says");
  for (int64_t unit = 0; unit < units_; ++unit) {
    if (unit + kFarAhead < units_) {
      Prefetch(histograms_[unit + kFarAhead]);
      Prefetch(strongest_[unit + kFarAhead]);
    }
    if (unit + kAhead < units_) histograms_[unit + kAhead].Prefetch();
    const auto map = activations.values.subspan(static_cast<size_t>(unit) * positions, positions);
    const Extremes extremes = histograms_[unit].Add(map);
    if (extremes.has_nan) continue;
    strongest_[unit].Add(photo_id, extremes.maximum, map);
    if (!weakest_.empty()) weakest_[unit].Add(photo_id, extremes.maximum, map);
    if (!sampled_.empty()) sampled_[unit].Add(photo_id, extremes.maximum, map);
  }
}

void LayerStatistics::Flush() {
  for (ActivationHistogram& histogram : histograms_) histogram.Flush();
}

void LayerStatistics::Merge(const LayerStatistics& other) {
  MILAN_CHECK(units_ == other.units_ && height_ == other.height_ && width_ == other.width_ &&
                  kept_ == other.kept_,
              "statistics of different layers");
  for (int64_t unit = 0; unit < units_; ++unit) {
    histograms_[unit].Merge(other.histograms_[unit]);
    strongest_[unit].Merge(other.strongest_[unit]);
    if (!weakest_.empty()) weakest_[unit].Merge(other.weakest_[unit]);
    if (!sampled_.empty()) sampled_[unit].Merge(other.sampled_[unit]);
  }
}

void LayerStatistics::Clear() {
  for (ActivationHistogram& histogram : histograms_) histogram.Clear();
  for (auto* photos : {&strongest_, &weakest_, &sampled_}) {
    for (TopK& of_unit : *photos) of_unit.Clear();
  }
}

std::vector<const TopK::Entry*> LayerStatistics::ExemplarsOf(int64_t unit,
                                                             ExemplarKind kind) const {
  MILAN_CHECK(
      (kind != ExemplarKind::kWeakest || !weakest_.empty()) &&
          ((kind != ExemplarKind::kMiddle && kind != ExemplarKind::kRandom) || !sampled_.empty()),
      "photos that were not kept");
  switch (kind) {
    case ExemplarKind::kStrongest:
      break;
    case ExemplarKind::kWeakest:
      return Pointers(weakest_[unit]);
    case ExemplarKind::kMiddle:
      return NearestToMedian(sampled_[unit]);
    case ExemplarKind::kRandom:
      return Without(sampled_[unit], strongest_[unit]);
  }
  return Pointers(strongest_[unit]);
}

void LayerStatistics::SummarizeUnits(ExemplarSet& set, double quantile) const {
  for (const ActivationHistogram& histogram : histograms_) {
    const bool has_values = histogram.count() > 0;
    set.thresholds.push_back(has_values ? histogram.Quantile(quantile) : 0);
    set.minima.push_back(has_values ? histogram.minimum() : 0);
    set.maxima.push_back(has_values ? histogram.maximum() : 0);
    set.states.push_back(StateOf(histogram));
    for (const uint64_t count : histogram.Distribution(ExemplarSet::kBins)) {
      set.distributions.push_back(count);
    }
    set.counts.insert(set.counts.end(), {histogram.count(), histogram.zeros(), histogram.nans(),
                                         histogram.infinities()});
  }
}

ExemplarSet LayerStatistics::Finish(const std::string& layer, double quantile, ExemplarKind kind) {
  ExemplarSet set;
  set.layer = layer;
  set.units = units_;
  set.k = kept_.strongest;
  set.height = height_;
  set.width = width_;
  set.quantile = quantile;
  const auto places = static_cast<size_t>(units_ * set.k);
  const auto positions = static_cast<size_t>(height_ * width_);
  set.photo_ids.assign(places, -1);
  set.activations.assign(places, 0);
  set.maps.assign(places * positions, 0);
  Flush();
  SummarizeUnits(set, quantile);
  for (int64_t unit = 0; unit < units_; ++unit) {
    const std::vector<const TopK::Entry*> exemplars = ExemplarsOf(unit, kind);
    const size_t count = std::min(exemplars.size(), static_cast<size_t>(set.k));
    for (size_t rank = 0; rank < count; ++rank) {
      const TopK::Entry& entry = *exemplars[rank];
      const size_t place = static_cast<size_t>(unit * set.k) + rank;
      set.photo_ids[place] = entry.photo_id;
      set.activations[place] = entry.peak;
      std::copy(entry.map.begin(), entry.map.end(),
                set.maps.begin() + static_cast<ptrdiff_t>(place * positions));
    }
  }
  return set;
}

uint64_t LayerStatistics::LargestBytes(int64_t units, int64_t height, int64_t width,
                                       const KeptPhotos& kept) {
  const auto map_bytes = static_cast<uint64_t>(height * width) * sizeof(uint16_t);
  const auto photos = static_cast<uint64_t>(kept.strongest + kept.weakest + kept.sampled);
  // A map more than photos of each kind: that of a photo that has just gone.
  const uint64_t exemplars = photos * sizeof(TopK::Entry) + (photos + 3) * map_bytes;
  return static_cast<uint64_t>(units) *
         (3 * sizeof(TopK) + exemplars +
          ActivationHistogram::LargestBytes(static_cast<size_t>(height * width)));
}

size_t LayerStatistics::bytes() const {
  const auto map_bytes = static_cast<size_t>(height_ * width_) * sizeof(uint16_t);
  size_t total = 0;
  for (const ActivationHistogram& histogram : histograms_) {
    total += sizeof(histogram) + histogram.bytes();
  }
  for (const auto* photos : {&strongest_, &weakest_, &sampled_}) {
    for (const TopK& of_unit : *photos) {
      total += sizeof(of_unit) + of_unit.entries().size() * (sizeof(TopK::Entry) + map_bytes);
    }
  }
  return total;
}

void LayerStatistics::AddKeptIds(std::set<int32_t>& ids) const {
  for (const auto* kind : {&strongest_, &weakest_, &sampled_}) {
    for (const TopK& unit : *kind) {
      for (const TopK::Entry& entry : unit.entries()) ids.insert(entry.photo_id);
    }
  }
}

}  // namespace milan
