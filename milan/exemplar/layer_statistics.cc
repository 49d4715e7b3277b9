#include "milan/exemplar/layer_statistics.h"

#include <algorithm>
#include <limits>

#include "milan/base/error.h"

namespace milan {
namespace {

/// The largest value; NaN when there is one, so that it is not taken for a peak.
float PeakOf(std::span<const float> map) {
  float peak = -std::numeric_limits<float>::infinity();
  float sum_of_nan_checks = 0;
  for (const float value : map) {
    peak = value > peak ? value : peak;
    sum_of_nan_checks += value - value;  // 0 for every finite value, NaN otherwise
  }
  return sum_of_nan_checks == 0 ? peak : std::numeric_limits<float>::quiet_NaN();
}

UnitState StateOf(const ActivationHistogram& histogram) {
  if (histogram.not_finite() > 0 || histogram.count() == 0) return UnitState::kInvalid;
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
      top_(units, TopK(k)) {}

void LayerStatistics::Add(int32_t photo_id, const ArrayView& activations) {
  const auto positions = static_cast<size_t>(height_ * width_);
  if (activations.values.size() != static_cast<size_t>(units_) * positions) {
    throw InputError("activations of shape " + ToString(activations.shape) + " where [1, " +
                     std::to_string(units_) + ", " + std::to_string(height_) + ", " +
                     std::to_string(width_) + "] is expected");
  }
  for (int64_t unit = 0; unit < units_; ++unit) {
    const auto map = activations.values.subspan(static_cast<size_t>(unit) * positions, positions);
    histograms_[unit].Add(map);
    top_[unit].Add(photo_id, PeakOf(map), map);
  }
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

ExemplarSet LayerStatistics::Finish(const std::string& layer, double quantile) const {
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
  for (int64_t unit = 0; unit < units_; ++unit) {
    const ActivationHistogram& histogram = histograms_[unit];
    const bool has_values = histogram.count() > 0;
    set.thresholds.push_back(has_values ? histogram.Quantile(quantile) : 0);
    set.minima.push_back(has_values ? histogram.minimum() : 0);
    set.maxima.push_back(has_values ? histogram.maximum() : 0);
    set.states.push_back(StateOf(histogram));
    size_t place = static_cast<size_t>(unit * k_);
    for (const TopK::Entry& entry : top_[unit].entries()) {
      set.photo_ids[place] = entry.photo_id;
      set.activations[place] = entry.peak;
      std::copy(entry.map.begin(), entry.map.end(), set.maps.begin() + place * positions);
      ++place;
    }
  }
  return set;
}

}  // namespace milan
