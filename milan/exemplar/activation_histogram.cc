#include "milan/exemplar/activation_histogram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr size_t kBlock = 2048;  // values looked at in one go

/// The first value of a block that is not zero, among the first ones: zeros are counted anyway.
float CandidateIn(std::span<const float> values) {
  constexpr size_t kLooked = 64;
  const auto end = values.begin() + static_cast<ptrdiff_t>(std::min(kLooked, values.size()));
  const auto found = std::find_if(values.begin(), end, [](float value) { return value != 0; });
  return found == end ? 0 : *found;
}

using BlockKeys = std::array<uint16_t, kBlock + kKeyPadding>;

}  // namespace

void Atoms::Add(const Atom& atom) {
  if (atom.value == best[0].value) {
    best[0] = std::max(best[0], atom);
  } else if (atom > best[0]) {
    best = {atom, best[0]};
  } else if (atom.value == best[1].value || atom > best[1]) {
    best[1] = std::max(best[1], atom);
  }
}

Extremes ActivationHistogram::Add(std::span<const float> values) {
  Extremes extremes;
  room_ = std::max(room_, WaitingRoom(values.size()));
  for (size_t start = 0; start < values.size(); start += kBlock) {
    AddBlock(values.subspan(start, std::min(kBlock, values.size() - start)), extremes);
  }
  return extremes;
}

void ActivationHistogram::AddBlock(std::span<const float> values, Extremes& extremes) {
  std::array<BlockKeys, 2> block;
  const float candidate = CandidateIn(values);
  const ValueScan scan =
      ScanValues(values, candidate, {block[kPositive].data(), block[kNegative].data()});
  if (!scan.is_finite) {
    AddNotFinite(values, extremes);
    return;
  }
  finite_ += values.size();
  // + 0 makes zero of minus zero: which of the two came first must not show.
  extremes.minimum = std::min(extremes.minimum, scan.minimum + 0.0F);
  extremes.maximum = std::max(extremes.maximum, scan.maximum + 0.0F);
  minimum_ = std::min(minimum_, scan.minimum + 0.0F);
  maximum_ = std::max(maximum_, scan.maximum + 0.0F);
  if (scan.like_candidate > 1 && candidate != 0) {
    atoms_.Add({candidate, static_cast<uint32_t>(scan.like_candidate)});
  }
  for (const Sign sign : {kPositive, kNegative}) {
    AddKeys(sign, std::span(block[sign]).first(scan.key_counts[sign]));
  }
}

void ActivationHistogram::AddNotFinite(std::span<const float> values, Extremes& extremes) {
  std::vector<float> finite;
  for (const float value : values) {
    if (std::isnan(value)) {
      ++nans_;
      extremes.has_nan = true;
    } else if (std::isinf(value)) {
      ++infinities_;
      extremes.minimum = std::min(extremes.minimum, value);
      extremes.maximum = std::max(extremes.maximum, value);
    } else {
      finite.push_back(value);
    }
  }
  if (!finite.empty()) AddBlock(finite, extremes);
}

void ActivationHistogram::Count(Sign sign, std::span<uint16_t> keys) {
  buckets_[sign].Count(keys, sign == kPositive ? maximum_ : -minimum_);
}

void ActivationHistogram::AddKeys(Sign sign, std::span<const uint16_t> keys) {
  if (keys.empty()) return;
  std::vector<uint16_t>& waiting = waiting_[sign];
  if (waiting.size() + keys.size() > room_) {
    Count(sign, waiting);
    waiting.clear();
  }
  waiting.reserve(room_);
  waiting.insert(waiting.end(), keys.begin(), keys.end());
}

void ActivationHistogram::Flush() {
  for (const Sign sign : {kPositive, kNegative}) {
    Count(sign, waiting_[sign]);
    waiting_[sign].clear();
  }
}

void ActivationHistogram::Merge(const ActivationHistogram& other) {
  finite_ += other.finite_;
  nans_ += other.nans_;
  infinities_ += other.infinities_;
  minimum_ = std::min(minimum_, other.minimum_);
  maximum_ = std::max(maximum_, other.maximum_);
  for (const Atom& atom : other.atoms_.best) atoms_.Add(atom);
  Flush();
  for (const Sign sign : {kPositive, kNegative}) {
    buckets_[sign].Merge(other.buckets_[sign]);
    std::vector<uint16_t> waiting = other.waiting_[sign];
    Count(sign, waiting);
  }
}

void ActivationHistogram::Clear() {
  std::array<std::vector<uint16_t>, 2> waiting = std::move(waiting_);
  std::array<BucketCounts, 2> buckets = std::move(buckets_);
  *this = {};
  for (const Sign sign : {kPositive, kNegative}) {
    waiting[sign].clear();
    buckets[sign].Clear();
  }
  waiting_ = std::move(waiting);
  buckets_ = std::move(buckets);
}

uint64_t ActivationHistogram::zeros() const {
  return finite_ - buckets_[kPositive].Total() - buckets_[kNegative].Total();
}

/// Their magnitudes; 0 for those of the other sign.
std::array<double, 2> ActivationHistogram::AtomsOf(Sign sign) const {
  const float factor = sign == kPositive ? 1.0F : -1.0F;
  return {std::max(factor * atoms_.best[0].value, 0.0F),
          std::max(factor * atoms_.best[1].value, 0.0F)};
}

double ActivationHistogram::ValueAt(uint64_t ordinal) const {
  if (ordinal == 0) return minimum_;
  if (ordinal + 1 == count()) return maximum_;
  const uint64_t negative = buckets_[kNegative].Total();
  if (ordinal < negative) {
    const double smallest = std::max(-maximum_, 0.0F);
    return -buckets_[kNegative].MagnitudeAt(negative - 1 - ordinal,
                                            {smallest, -minimum_, AtomsOf(kNegative)});
  }
  ordinal -= negative;
  if (ordinal < zeros()) return 0;
  return buckets_[kPositive].MagnitudeAt(ordinal - zeros(),
                                         {std::max(minimum_, 0.0F), maximum_, AtomsOf(kPositive)});
}

std::vector<uint64_t> ActivationHistogram::Distribution(int64_t bins) const {
  std::vector<uint64_t> counts(bins);
  if (count() == 0) return counts;
  const double range = static_cast<double>(maximum_) - minimum_;
  const auto add = [&](double value, uint64_t values) {
    const double place = range > 0 ? (value - minimum_) / range * static_cast<double>(bins) : 0;
    counts[std::clamp<int64_t>(static_cast<int64_t>(place), 0, bins - 1)] += values;
  };
  if (zeros() > 0) add(0, zeros());
  for (const auto& [middle, values] : buckets_[kPositive].Middles()) add(middle, values);
  for (const auto& [middle, values] : buckets_[kNegative].Middles()) add(-middle, values);
  return counts;
}

BucketCounts::Content ActivationHistogram::ExportBuckets(Sign sign) const {
  MILAN_CHECK(waiting_[sign].empty(), "export before Flush");
  return buckets_[sign].Export();
}

ActivationHistogram ActivationHistogram::Import(
    const Totals& totals, const std::array<BucketCounts::Content, 2>& buckets) {
  ActivationHistogram result;
  result.minimum_ = totals.minimum;
  result.maximum_ = totals.maximum;
  result.finite_ = totals.finite;
  result.nans_ = totals.nans;
  result.infinities_ = totals.infinities;
  result.atoms_ = totals.atoms;
  for (const Sign sign : {kPositive, kNegative}) {
    result.buckets_[sign] = BucketCounts::Import(buckets[sign]);
  }
  return result;
}

size_t ActivationHistogram::bytes() const {
  size_t total = 0;
  for (const BucketCounts& buckets : buckets_) total += buckets.bytes();
  for (const auto& waiting : waiting_) total += waiting.capacity() * sizeof(uint16_t);
  return total;
}

float ActivationHistogram::Quantile(double q) const {
  MILAN_CHECK(count() > 0, "quantile of nothing");
  MILAN_CHECK(waiting_[kPositive].empty() && waiting_[kNegative].empty(), "quantile before Flush");
  if (minimum_ == maximum_) return minimum_;
  const auto last = static_cast<double>(count() - 1);
  const double position = std::clamp(q * static_cast<double>(count()) - 0.5, 0.0, last);
  const auto below = static_cast<uint64_t>(position);
  const double fraction = position - static_cast<double>(below);
  const double low = ValueAt(below);
  if (fraction == 0) return static_cast<float>(low);
  return static_cast<float>(low + fraction * (ValueAt(below + 1) - low));
}

}  // namespace milan
