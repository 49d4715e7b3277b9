#include "milan/exemplar/bucket_counts.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <limits>
#include <numeric>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr size_t kBuckets = size_t{BucketCounts::kOctaves} << kKeyMantissaBits;
constexpr size_t kBlock = 1024;    // values looked at in one go
constexpr size_t kWaiting = 1024;  // keys that may wait

/// The smallest magnitude with that key; key 1 is also that of everything below it.
double MagnitudeOf(int key) {
  return key <= 1 ? 0 : std::bit_cast<float>(static_cast<uint32_t>(key) << kKeyShift);
}

/// Moves counts down by `shift` buckets; what falls off is added to the shared bucket.
template <typename Count>
void MoveDown(std::vector<Count>& counts, size_t shift) {
  if (counts.empty()) return;
  const auto first = counts.begin() + 1;
  const auto kept = first + static_cast<ptrdiff_t>(shift);
  counts[0] = std::accumulate(first, kept, counts[0]);
  std::fill(std::copy(kept, counts.end(), first), counts.end(), 0);
}

}  // namespace

void BucketCounts::Add(std::span<const float> values, bool negative) {
  if (waiting_.empty()) waiting_.resize(kWaiting + kBlock);
  for (size_t start = 0; start < values.size(); start += kBlock) {
    const auto block = values.subspan(start, std::min(kBlock, values.size() - start));
    const size_t found = FindKeys(block, negative, waiting_.data() + waiting_count_);
    total_ += found;
    waiting_count_ += found;
    if (waiting_count_ > kWaiting) Flush();
  }
}

void BucketCounts::Merge(const BucketCounts& other) {
  if (!other.counts_.empty()) {
    Reach(other.top_);
    MakeRoom(other.counted_);
    if (!other.carried_.empty()) Carry();
    const size_t shift = static_cast<size_t>(top_ - other.top_) << kKeyMantissaBits;
    for (size_t i = 0; i <= kBuckets; ++i) {
      const size_t bucket = i > shift ? i - shift : 0;
      counts_[bucket] += other.counts_[i];
      if (!other.carried_.empty()) carried_[bucket] += other.carried_[i];
    }
    counted_ += other.counted_;
  }
  Count(std::span(other.waiting_).first(other.waiting_count_));
  total_ += other.total_;
}

void BucketCounts::Flush() {
  Count(std::span(waiting_).first(waiting_count_));
  waiting_count_ = 0;
}

void BucketCounts::Count(std::span<const uint16_t> keys) {
  if (keys.empty()) return;
  Reach(*std::max_element(keys.begin(), keys.end()) >> kKeyMantissaBits);
  MakeRoom(keys.size());
  const int before_first = FirstKey() - 1;
  const auto count = [&](uint16_t key) { ++counts_[std::max(key - before_first, 0)]; };
  // Neighbours in a map are alike and share buckets, and adding to a number just stored is slow: so
  // the keys are taken from four places in turn.
  const size_t quarter = keys.size() / 4;
  for (size_t i = 0; i < quarter; ++i) {
    count(keys[i]);
    count(keys[i + quarter]);
    count(keys[i + 2 * quarter]);
    count(keys[i + 3 * quarter]);
  }
  for (const uint16_t key : keys.subspan(4 * quarter)) count(key);
  counted_ += keys.size();
}

void BucketCounts::MakeRoom(uint64_t values) {
  if (counted_ + values > std::numeric_limits<uint32_t>::max()) Carry();
}

void BucketCounts::Carry() {
  carried_.resize(kBuckets + 1);
  std::transform(counts_.begin(), counts_.end(), carried_.begin(), carried_.begin(), std::plus());
  std::fill(counts_.begin(), counts_.end(), 0);
  counted_ = 0;
}

/// Makes the buckets reach that octave. What then lies below their range goes to the shared bucket.
void BucketCounts::Reach(int octave) {
  if (counts_.empty()) {
    counts_.assign(kBuckets + 1, 0);
    top_ = octave;
  }
  if (octave <= top_) return;
  const size_t shift = std::min(static_cast<size_t>(octave - top_) << kKeyMantissaBits, kBuckets);
  MoveDown(counts_, shift);
  MoveDown(carried_, shift);
  top_ = octave;
}

double BucketCounts::MagnitudeAt(uint64_t ordinal, double low, double high) const {
  size_t bucket = 0;
  while (bucket < counts_.size() && ordinal >= CountOf(bucket)) ordinal -= CountOf(bucket++);
  MILAN_CHECK(bucket < counts_.size(), "no such ordinal");
  const int key = FirstKey() - 1 + static_cast<int>(bucket);
  const double begin = std::max(low, bucket == 0 ? 0 : MagnitudeOf(key));
  const double end = std::min(high, MagnitudeOf(key + 1));
  const double place = (static_cast<double>(ordinal) + 0.5) / static_cast<double>(CountOf(bucket));
  return begin + (end - begin) * place;
}

}  // namespace milan
