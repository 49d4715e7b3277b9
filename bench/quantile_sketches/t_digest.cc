#include "bench/quantile_sketches/t_digest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

namespace milan {

TDigest::TDigest(double compression)
    : compression_(compression),
      most_waiting_(static_cast<size_t>(5 * compression)),  // the authors' advice: 5 to 10 times
      minimum_(std::numeric_limits<float>::infinity()),
      maximum_(-std::numeric_limits<float>::infinity()) {
  waiting_.reserve(most_waiting_);
}

void TDigest::Add(std::span<const float> values) {
  while (!values.empty()) {
    const size_t count = std::min(values.size(), most_waiting_ - waiting_.size());
    waiting_.insert(waiting_.end(), values.begin(), values.begin() + static_cast<ptrdiff_t>(count));
    values = values.subspan(count);
    if (waiting_.size() == most_waiting_) Flush();
  }
}

void TDigest::Flush() {
  if (waiting_.empty()) return;
  std::sort(waiting_.begin(), waiting_.end());
  minimum_ = std::min(minimum_, waiting_.front());
  maximum_ = std::max(maximum_, waiting_.back());
  std::vector<Centroid> added;
  added.reserve(waiting_.size());
  for (const float value : waiting_) added.push_back({value, 1});
  waiting_.clear();
  Absorb(std::move(added));
}

void TDigest::Merge(const TDigest& other) {
  Flush();
  minimum_ = std::min(minimum_, other.minimum_);
  maximum_ = std::max(maximum_, other.maximum_);
  Absorb(other.centroids_);
  Add(other.waiting_);
}

/// Where a centroid that begins at q must end: k1 grows by 1 at most.
double TDigest::LargestQuantile(double q) const {
  const double k = compression_ / (2 * std::numbers::pi) * std::asin(2 * q - 1) + 1;
  const double angle = std::min(2 * std::numbers::pi * k / compression_, std::numbers::pi / 2);
  return (std::sin(angle) + 1) / 2;
}

/// `added` is sorted by mean, as the centroids are.
void TDigest::Absorb(std::vector<Centroid> added) {
  const auto by_mean = [](const Centroid& a, const Centroid& b) { return a.mean < b.mean; };
  std::vector<Centroid> all(added.size() + centroids_.size());
  std::merge(centroids_.begin(), centroids_.end(), added.begin(), added.end(), all.begin(),
             by_mean);
  if (all.empty()) return;
  double total = 0;
  for (const Centroid& centroid : all) total += centroid.weight;
  centroids_.clear();
  double before = 0;  // weight left of the centroid that grows
  double limit = total * LargestQuantile(0);
  Centroid growing = all.front();
  for (size_t i = 1; i < all.size(); ++i) {
    if (before + growing.weight + all[i].weight <= limit) {
      growing.weight += all[i].weight;
      growing.mean += (all[i].mean - growing.mean) * all[i].weight / growing.weight;
      continue;
    }
    centroids_.push_back(growing);
    before += growing.weight;
    limit = total * LargestQuantile(before / total);
    growing = all[i];
  }
  centroids_.push_back(growing);
}

/// Half of a centroid's weight lies on either side of its mean; linear between means.
float TDigest::Quantile(double q) const {
  double total = 0;
  for (const Centroid& centroid : centroids_) total += centroid.weight;
  const double wanted = q * total;
  double place = 0;
  double value = minimum_;
  double before = 0;
  for (const Centroid& centroid : centroids_) {
    const double middle = before + centroid.weight / 2;
    if (wanted < middle) {
      const double fraction = (wanted - place) / (middle - place);
      return static_cast<float>(value + fraction * (centroid.mean - value));
    }
    place = middle;
    value = centroid.mean;
    before += centroid.weight;
  }
  const double fraction = total > place ? (wanted - place) / (total - place) : 1;
  return static_cast<float>(value + fraction * (maximum_ - value));
}

size_t TDigest::MemoryBytes() const {
  return sizeof(*this) + centroids_.capacity() * sizeof(Centroid) +
         waiting_.capacity() * sizeof(float);
}

std::string TDigest::State() const {
  return {reinterpret_cast<const char*>(centroids_.data()), centroids_.size() * sizeof(Centroid)};
}

}  // namespace milan
