#include "milan/exemplar/bucket_counts.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <numeric>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr int kMantissaBits = 23;  // of a float

/// The smallest magnitude with that key.
double MagnitudeOf(int key) {
  constexpr int kDropped = kMantissaBits - kKeyMantissaBits;
  return key <= 0 ? 0 : std::bit_cast<float>(static_cast<uint32_t>(key) << kDropped);
}

int OctaveOf(float magnitude) {
  return static_cast<int>(std::bit_cast<uint32_t>(magnitude) >> kMantissaBits);
}

/// Moves counts down by `shift` buckets; what falls off is added to the shared one.
template <typename Count>
void MoveDown(std::vector<Count>& counts, size_t shift) {
  if (counts.empty()) return;
  const auto first = counts.begin() + 1;
  const auto kept = first + static_cast<ptrdiff_t>(shift);
  counts[0] = std::accumulate(first, kept, counts[0]);
  std::fill(std::copy(kept, counts.end(), first), counts.end(), 0);
}

}  // namespace

void BucketCounts::Count(std::span<uint16_t> keys, float largest) {
  if (keys.empty()) return;
  Reach(OctaveOf(largest));
  MakeRoom(keys.size());
  KeysToPlaces(keys, BeforeFirst());
  uint32_t* counts = counts_.data();
  // Neighbours in a map are alike and share buckets, and adding to a number just stored is slow: so
  // the keys are taken from four places in turn.
  const size_t quarter = keys.size() / 4;
  for (size_t i = 0; i < quarter; ++i) {
    ++counts[keys[i]];
    ++counts[keys[i + quarter]];
    ++counts[keys[i + 2 * quarter]];
    ++counts[keys[i + 3 * quarter]];
  }
  for (const uint16_t bucket : keys.subspan(4 * quarter)) ++counts[bucket];
  counted_ += keys.size();
}

/// Makes the buckets reach that octave. What then lies below their range goes to the shared bucket.
void BucketCounts::Reach(int octave) {
  counts_.resize(kBuckets);
  if (IsEmpty()) top_ = octave;
  if (octave <= top_) return;
  const size_t shift =
      std::min(static_cast<size_t>(octave - top_) << kKeyMantissaBits, kBuckets - 1);
  MoveDown(counts_, shift);
  MoveDown(carried_, shift);
  top_ = octave;
}

void BucketCounts::Merge(const BucketCounts& other) {
  if (other.IsEmpty()) return;
  Reach(other.top_);
  MakeRoom(other.counted_);
  if (!other.carried_.empty()) Carry();
  const size_t shift = static_cast<size_t>(top_ - other.top_) << kKeyMantissaBits;
  for (size_t i = 0; i < kBuckets; ++i) {
    const size_t bucket = i > shift ? i - shift : 0;
    counts_[bucket] += other.counts_[i];
    if (!other.carried_.empty()) carried_[bucket] += other.carried_[i];
  }
  counted_ += other.counted_;
}

void BucketCounts::Clear() {
  std::fill(counts_.begin(), counts_.end(), 0);
  carried_ = {};
  counted_ = 0;
  top_ = 0;
}

void BucketCounts::MakeRoom(uint64_t values) {
  if (counted_ + values > std::numeric_limits<uint32_t>::max()) Carry();
}

void BucketCounts::Carry() {
  carried_.resize(counts_.size());
  std::transform(counts_.begin(), counts_.end(), carried_.begin(), carried_.begin(), std::plus());
  std::fill(counts_.begin(), counts_.end(), 0);
  counted_ = 0;
}

uint64_t BucketCounts::Total() const {
  return std::accumulate(carried_.begin(), carried_.end(), counted_);
}

std::vector<std::pair<double, uint64_t>> BucketCounts::Middles() const {
  std::vector<std::pair<double, uint64_t>> middles;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    if (CountOf(bucket) == 0) continue;
    const int key = BeforeFirst() + static_cast<int>(bucket);
    const double begin = bucket == 0 ? 0 : MagnitudeOf(key);
    middles.emplace_back((begin + MagnitudeOf(key + 1)) / 2, CountOf(bucket));
  }
  return middles;
}

BucketCounts::Content BucketCounts::Export() const {
  Content content;
  content.top = top_;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    if (CountOf(bucket) == 0) continue;
    content.buckets.push_back(static_cast<uint16_t>(bucket));
    content.counts.push_back(CountOf(bucket));
  }
  return content;
}

BucketCounts BucketCounts::Import(const Content& content) {
  BucketCounts result;
  if (content.buckets.empty()) return result;
  result.Reach(content.top);
  result.carried_.resize(kBuckets);
  for (size_t i = 0; i < content.buckets.size(); ++i) {
    MILAN_CHECK(content.buckets[i] < kBuckets, "no such bucket");
    result.carried_[content.buckets[i]] = content.counts.at(i);
  }
  if (result.Total() <= std::numeric_limits<uint32_t>::max()) {
    result.counted_ = result.Total();
    std::copy(result.carried_.begin(), result.carried_.end(), result.counts_.begin());
    result.carried_ = {};  // gives its memory back
  }
  return result;
}

/// What is beyond the ends has 0.
double BucketCounts::MeanOfNeighbours(size_t bucket) const {
  const uint64_t below = bucket > 0 ? CountOf(bucket - 1) : 0;
  const uint64_t above = bucket + 1 < kBuckets ? CountOf(bucket + 1) : 0;
  return 0.5 * static_cast<double>(below) + 0.5 * static_cast<double>(above);
}

double BucketCounts::MagnitudeAt(uint64_t ordinal, const Knowledge& known) const {
  size_t bucket = 0;
  while (bucket < counts_.size() && ordinal >= CountOf(bucket)) ordinal -= CountOf(bucket++);
  MILAN_CHECK(bucket < counts_.size(), "no such ordinal");
  const int key = BeforeFirst() + static_cast<int>(bucket);
  const double begin = std::max(known.low, bucket == 0 ? 0 : MagnitudeOf(key));
  const double end = std::min(known.high, MagnitudeOf(key + 1));
  const double before = static_cast<double>(ordinal) + 0.5;
  auto spread = static_cast<double>(CountOf(bucket));
  const auto atom = std::find_if(known.atoms.begin(), known.atoms.end(), [&](double value) {
    return value > 0 && value >= begin && value <= end;
  });
  if (atom == known.atoms.end() || begin == end) {
    return begin + (end - begin) * before / spread;
  }
  const double in_atom = std::max(0.0, spread - MeanOfNeighbours(bucket));
  spread -= in_atom;
  const double below_atom = spread * (*atom - begin) / (end - begin);
  if (before < below_atom) return begin + (*atom - begin) * before / below_atom;
  const double above_atom = before - below_atom - in_atom;
  if (above_atom <= 0) return *atom;
  return *atom + (end - *atom) * above_atom / (spread - below_atom);
}

}  // namespace milan
