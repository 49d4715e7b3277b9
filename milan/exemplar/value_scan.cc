#include "milan/exemplar/value_scan.h"

#include <algorithm>
#include <array>
#include <bit>

// Highway compiles what is between its marks once per kind of processor (SSE2, AVX2, AVX-512, NEON,
// ...), by including this file again, and chooses at run time. Vectors of a size that the compiler
// does not know cannot be members; NEON serves the processors that have them.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "milan/exemplar/value_scan.cc"
#define HWY_WANT_AVX3_DL  // AVX-512 with compression of 16-bit lanes
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace milan::HWY_NAMESPACE {
namespace {

constexpr uint16_t kInfinityKey = 0xFF00;

#if HWY_TARGET == HWY_SCALAR  // no vectors

ValueScan Scan(std::span<const float> values, float candidate, const KeySinks& keys) {
  ValueScan scan = {values[0], values[0]};
  for (const float value : values) {
    const auto bits = std::bit_cast<uint32_t>(value);
    const auto key = static_cast<uint16_t>(bits << 1 >> 16);
    const Sign sign = bits >> 31 == 0 ? kPositive : kNegative;
    scan.minimum = std::min(scan.minimum, value);
    scan.maximum = std::max(scan.maximum, value);
    scan.is_finite = scan.is_finite && key < kInfinityKey;
    scan.like_candidate += value == candidate ? 1 : 0;
    if (key != 0) keys[sign][scan.key_counts[sign]++] = key;
  }
  return scan;
}

#else

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Bits = hn::Repartition<uint32_t, Floats>;
using Keys = hn::Repartition<uint16_t, Floats>;
using SignedKeys = hn::Repartition<int16_t, Floats>;

/// Two vectors of values at a time, which make one of keys.
class Scanner {
 public:
  HWY_ATTR Scanner(float first_value, float candidate, const KeySinks& sinks)
      : sinks_(sinks),
        candidate_(hn::Set(Floats(), candidate)),
        minimum_(hn::Set(Floats(), first_value)),
        maximum_(minimum_),
        largest_(hn::Zero(Keys())) {}

  /// The first `valid` of the values count.
  HWY_ATTR HWY_INLINE void Add(const float* values, size_t valid) {
    const Floats floats;
    const Bits bits;
    const Keys keys;
    const auto first = hn::LoadU(floats, values);
    const auto second = hn::LoadU(floats, values + hn::Lanes(floats));
    minimum_ = hn::Min(minimum_, hn::Min(first, second));
    maximum_ = hn::Max(maximum_, hn::Max(first, second));
    scan_.like_candidate += hn::CountTrue(floats, hn::Eq(first, candidate_)) +
                            hn::CountTrue(floats, hn::Eq(second, candidate_));
    // The upper halves of the bits without the sign.
    const auto magnitudes =
        hn::ConcatOdd(keys, hn::BitCast(keys, hn::ShiftLeft<1>(hn::BitCast(bits, second))),
                      hn::BitCast(keys, hn::ShiftLeft<1>(hn::BitCast(bits, first))));
    largest_ = hn::Max(largest_, magnitudes);
    const SignedKeys signed_keys;
    const auto with_sign = hn::BitCast(
        signed_keys, hn::ConcatOdd(keys, hn::BitCast(keys, second), hn::BitCast(keys, first)));
    auto counts = hn::Ne(magnitudes, hn::Zero(keys));
    if (valid < hn::Lanes(keys)) counts = hn::And(counts, hn::FirstN(keys, valid));
    const auto negative = hn::RebindMask(keys, hn::Lt(with_sign, hn::Zero(signed_keys)));
    Store(kPositive, magnitudes, hn::AndNot(negative, counts));
    if (!hn::AllFalse(keys, negative)) Store(kNegative, magnitudes, hn::And(negative, counts));
  }

  HWY_ATTR ValueScan Finish() const {
    const SignedKeys keys;
    ValueScan scan = scan_;
    scan.minimum = hn::GetLane(hn::MinOfLanes(Floats(), minimum_));
    scan.maximum = hn::GetLane(hn::MaxOfLanes(Floats(), maximum_));
    // As signed numbers, those from kInfinityKey on are -256 .. -1: above the other negative ones.
    const auto as_signed = hn::BitCast(keys, largest_);
    const auto is_infinite =
        hn::And(hn::Gt(as_signed, hn::Set(keys, -257)), hn::Lt(as_signed, hn::Zero(keys)));
    scan.is_finite = hn::AllFalse(keys, is_infinite);
    return scan;
  }

 private:
  template <typename Mask>
  HWY_ATTR HWY_INLINE void Store(Sign sign, hn::VFromD<Keys> magnitudes, Mask mask) {
    size_t& count = scan_.key_counts[sign];
    count += hn::CompressStore(magnitudes, mask, Keys(), sinks_[sign] + count);
  }

  KeySinks sinks_;
  ValueScan scan_;
  hn::VFromD<Floats> candidate_;
  hn::VFromD<Floats> minimum_;
  hn::VFromD<Floats> maximum_;
  hn::VFromD<Keys> largest_;
};

HWY_ATTR ValueScan Scan(std::span<const float> values, float candidate, const KeySinks& keys) {
  const size_t step = hn::Lanes(Keys());
  Scanner scanner(values[0], candidate, keys);
  size_t start = 0;
  for (; start + step <= values.size(); start += step) scanner.Add(values.data() + start, step);
  const size_t left = values.size() - start;
  if (left > 0) {
    std::array<float, HWY_MAX_BYTES / sizeof(uint16_t)> padded;
    std::fill(std::copy(values.end() - static_cast<ptrdiff_t>(left), values.end(), padded.begin()),
              padded.begin() + static_cast<ptrdiff_t>(step), values[0]);
    scanner.Add(padded.data(), left);
  }
  ValueScan scan = scanner.Finish();
  if (left > 0 && values[0] == candidate) scan.like_candidate -= step - left;  // the padding
  return scan;
}

#endif  // HWY_TARGET == HWY_SCALAR

// The loops below are plain, for the compiler to vectorise for each kind of processor.

void PlacesLoop(std::span<uint16_t> keys, int before_first) {
  const auto less = static_cast<uint16_t>(std::max(before_first, 0));
  const auto more = static_cast<uint16_t>(std::max(-before_first, 0));
  for (uint16_t& key : keys) key = static_cast<uint16_t>((key > less ? key - less : 0) + more);
}

void HalvesLoop(std::span<const float> values, uint16_t* halves) {
  constexpr int32_t kLargestHalf = 0x477FE000;
  constexpr int32_t kSmallestExponent = 127 - 14;  // of normal halves; smaller ones share its step
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<int32_t>(values[i]);
    const int32_t magnitude = std::min(bits & 0x7FFFFFFF, kLargestHalf);
    int32_t octave = (magnitude >> 23) - kSmallestExponent;
    octave &= ~(octave >> 31);  // max(octave, 0), as the compiler can vectorise it
    // Added to 2^13 times its own power of two, a magnitude is rounded where a half ends, and the
    // last 12 bits of the sum count steps of the half.
    const auto shifter = std::bit_cast<float>((octave + kSmallestExponent + 13) << 23);
    const auto sum = std::bit_cast<int32_t>(std::bit_cast<float>(magnitude) + shifter);
    const int32_t half = (octave << 10) + (sum & 0xFFF);
    halves[i] = static_cast<uint16_t>((bits >> 16 & 0x8000) | half);
  }
}

}  // namespace
}  // namespace milan::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace milan {

HWY_EXPORT(Scan);
HWY_EXPORT(PlacesLoop);
HWY_EXPORT(HalvesLoop);

ValueScan ScanValues(std::span<const float> values, float candidate, const KeySinks& keys) {
  static_assert(kKeyPadding * sizeof(uint16_t) >= HWY_MAX_BYTES);
  if (values.empty()) return {};
  return HWY_DYNAMIC_DISPATCH(Scan)(values, candidate, keys);
}

void KeysToPlaces(std::span<uint16_t> keys, int before_first) {
  HWY_DYNAMIC_DISPATCH(PlacesLoop)(keys, before_first);
}

void RoundToHalf(std::span<const float> values, uint16_t* halves) {
  HWY_DYNAMIC_DISPATCH(HalvesLoop)(values, halves);
}

}  // namespace milan
#endif  // HWY_ONCE
