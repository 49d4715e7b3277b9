#include "milan/exemplar/layer_statistics.h"

#include <algorithm>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr int64_t kAhead = 3;  // units whose memory is asked for before their turn

UnitState StateOf(const ActivationHistogram& histogram) {
  if (histogram.nans() > 0 || histogram.infinities() > 0 || histogram.count() == 0) {
    return UnitState::kInvalid;
  }
  if (histogram.minimum() != histogram.maximum()) return UnitState::kAlive;
  return histogram.maximum() == 0 ? UnitState::kDead : UnitState::kConstant;
}

}  // namespace

LayerStatistics::LayerStatistics(int64_t units, int64_t height, int64_t width, int64_t k)
    : units_(units),
      height_(height),
      width_(width),
      k_(k),
      histograms_(units),
      top_(units, TopK(k)) {
  MILAN_CHECK(units >= 1 && height >= 1 && width >= 1 && k >= 1, "a layer without units or maps");
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
    if (unit + kAhead < units_) histograms_[unit + kAhead].Prefetch();
    const auto map = activations.values.subspan(static_cast<size_t>(unit) * positions, positions);
    const Extremes extremes = histograms_[unit].Add(map);
    if (!extremes.has_nan) top_[unit].Add(photo_id, extremes.maximum, map);
  }
}

void LayerStatistics::Flush() {
  for (ActivationHistogram& histogram : histograms_) histogram.Flush();
}

void LayerStatistics::Merge(const LayerStatistics& other) {
  MILAN_CHECK(units_ == other.units_ && height_ == other.height_ && width_ == other.width_ &&
                  k_ == other.k_,
              "statistics of different layers");
  for (int64_t unit = 0; unit < units_; ++unit) {
    histograms_[unit].Merge(other.histograms_[unit]);
    top_[unit].Merge(other.top_[unit]);
  }
}

void LayerStatistics::Clear() {
  for (ActivationHistogram& histogram : histograms_) histogram.Clear();
  for (TopK& top : top_) top.Clear();
}

ExemplarSet LayerStatistics::Finish(const std::string& layer, double quantile) {
  ExemplarSet set;
  set.layer = layer;
  set.units = units_;
  set.k = k_;
  set.height = height_;
  set.width = width_;
  set.quantile = quantile;
  const auto places = static_cast<size_t>(units_ * k_);
  const auto positions = static_cast<size_t>(height_ * width_);
  set.photo_ids.assign(places, -1);
  set.activations.assign(places, 0);
  set.maps.assign(places * positions, 0);
  Flush();
  for (int64_t unit = 0; unit < units_; ++unit) {
    const ActivationHistogram& histogram = histograms_[unit];
    const bool has_values = histogram.count() > 0;
    set.thresholds.push_back(has_values ? histogram.Quantile(quantile) : 0);
    set.minima.push_back(has_values ? histogram.minimum() : 0);
    set.maxima.push_back(has_values ? histogram.maximum() : 0);
    set.states.push_back(StateOf(histogram));
    auto place = static_cast<size_t>(unit * k_);
    for (const TopK::Entry& entry : top_[unit].entries()) {
      set.photo_ids[place] = entry.photo_id;
      set.activations[place] = entry.peak;
      std::copy(entry.map.begin(), entry.map.end(),
                set.maps.begin() + static_cast<ptrdiff_t>(place * positions));
      ++place;
    }
  }
  return set;
}

uint64_t LayerStatistics::LargestBytes(int64_t units, int64_t height, int64_t width, int64_t k) {
  const auto map_bytes = static_cast<uint64_t>(height * width) * sizeof(uint16_t);
  const uint64_t exemplars = static_cast<uint64_t>(k) * (sizeof(TopK::Entry) + map_bytes);
  return static_cast<uint64_t>(units) *
         (sizeof(TopK) + exemplars + ActivationHistogram::kLargestBytes);
}

size_t LayerStatistics::bytes() const {
  const auto map_bytes = static_cast<size_t>(height_ * width_) * sizeof(uint16_t);
  size_t total = 0;
  for (const ActivationHistogram& histogram : histograms_) {
    total += sizeof(histogram) + histogram.bytes();
  }
  for (const TopK& top : top_) {
    total += sizeof(top) + top.entries().size() * (sizeof(TopK::Entry) + map_bytes);
  }
  return total;
}

}  // namespace milan
