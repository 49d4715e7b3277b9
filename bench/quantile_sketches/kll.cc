#include "bench/quantile_sketches/kll.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace milan {

Kll::Kll(size_t k, uint64_t seed) : k_(k), random_(seed) { Grow(); }

size_t Kll::Capacity(size_t level) const {
  const auto depth = static_cast<double>(levels_.size() - 1 - level);
  return static_cast<size_t>(std::ceil(std::pow(2.0 / 3.0, depth) * static_cast<double>(k_))) + 1;
}

void Kll::Grow() {
  levels_.emplace_back();
  largest_size_ = 0;
  for (size_t level = 0; level < levels_.size(); ++level) largest_size_ += Capacity(level);
}

void Kll::Add(std::span<const float> values) {
  for (const float value : values) {
    levels_.front().push_back(value);
    if (++size_ >= largest_size_) Compress();
  }
}

void Kll::Compress() {
  for (size_t level = 0; level < levels_.size(); ++level) {
    if (levels_[level].size() < Capacity(level)) continue;
    if (level + 1 == levels_.size()) Grow();
    CompactInto(level);
    if (size_ < largest_size_) return;
  }
}

/// Every other item, by the toss of a coin the odd or the even ones, goes one level up; of an odd
/// number one stays.
void Kll::CompactInto(size_t level) {
  std::vector<float>& items = levels_[level];
  std::sort(items.begin(), items.end());
  const size_t pairs = items.size() / 2;
  const size_t kept = items.size() % 2;
  const auto offset = static_cast<size_t>(random_.Below(2));
  for (size_t i = 0; i < pairs; ++i) levels_[level + 1].push_back(items[kept + 2 * i + offset]);
  items.resize(kept);
  size_ -= pairs;
}

void Kll::Merge(const Kll& other) {
  while (levels_.size() < other.levels_.size()) Grow();
  for (size_t level = 0; level < other.levels_.size(); ++level) {
    const std::vector<float>& items = other.levels_[level];
    levels_[level].insert(levels_[level].end(), items.begin(), items.end());
  }
  size_ += other.size_;
  while (size_ >= largest_size_) Compress();
}

float Kll::Quantile(double q) const {
  std::vector<std::pair<float, uint64_t>> weighted;
  uint64_t total = 0;
  for (size_t level = 0; level < levels_.size(); ++level) {
    for (const float item : levels_[level]) weighted.emplace_back(item, uint64_t{1} << level);
    total += levels_[level].size() << level;
  }
  std::sort(weighted.begin(), weighted.end());
  double rank = 0;
  for (const auto& [item, weight] : weighted) {
    rank += static_cast<double>(weight);
    if (rank >= q * static_cast<double>(total)) return item;
  }
  return weighted.back().first;
}

size_t Kll::MemoryBytes() const {
  // What the levels may come to hold, without what std::vector takes beyond it.
  return sizeof(*this) + levels_.size() * sizeof(levels_[0]) + largest_size_ * sizeof(float);
}

std::string Kll::State() const {
  std::string state;
  for (const auto& items : levels_) {
    const auto count = static_cast<uint32_t>(items.size());
    state.append(reinterpret_cast<const char*>(&count), sizeof(count));
    state.append(reinterpret_cast<const char*>(items.data()), items.size() * sizeof(float));
  }
  return state;
}

}  // namespace milan
