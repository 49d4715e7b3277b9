#include "milan/exemplar/value_scan.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <limits>

// The loops below are plain, for the compiler to vectorise. Where the processor has wider vectors
// than those that every x86-64 has, a second version of them runs that is compiled for these.
#if defined(__x86_64__) && defined(__GNUC__)
#define MILAN_HAS_AVX2_VERSIONS 1
#else
#define MILAN_HAS_AVX2_VERSIONS 0
#endif

namespace milan {
namespace {

constexpr int32_t kInfinityBits = 0x7F800000;
constexpr int32_t kMagnitudeMask = 0x7FFFFFFF;

/// Maps float bits to integers in the order of the floats, and back (it is its own inverse).
[[gnu::always_inline]] inline int32_t Ordered(int32_t bits) {
  return bits ^ ((bits >> 31) & kMagnitudeMask);
}

struct Extremes {
  int32_t lowest = std::numeric_limits<int32_t>::max();
  int32_t highest = std::numeric_limits<int32_t>::min();
  uint32_t zeros = 0;
};

[[gnu::always_inline]] inline Extremes ExtremesLoop(std::span<const float> values) {
  Extremes found;
  for (const float value : values) {
    const auto bits = std::bit_cast<int32_t>(value);
    const int32_t ordered = Ordered(bits);
    found.lowest = std::min(found.lowest, ordered);
    found.highest = std::max(found.highest, ordered);
    found.zeros += (bits & kMagnitudeMask) == 0 ? 1 : 0;
  }
  return found;
}

/// The key of each value, or 0 when it does not count.
[[gnu::always_inline]] inline void KeysLoop(std::span<const float> values, bool negative,
                                            uint16_t* keys) {
  const int32_t sign = negative ? std::numeric_limits<int32_t>::min() : 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int32_t bits = std::bit_cast<int32_t>(values[i]) ^ sign;
    keys[i] = static_cast<uint16_t>(bits > 0 ? std::max(bits >> kKeyShift, 1) : 0);
  }
}

[[gnu::always_inline]] inline void HalvesLoop(std::span<const float> values, uint16_t* halves) {
  constexpr int32_t kLargestHalf = 0x477FE000;
  constexpr int32_t kSmallestExponent = 127 - 14;  // of normal halves; smaller ones share its step
  for (size_t i = 0; i < values.size(); ++i) {
    const auto bits = std::bit_cast<int32_t>(values[i]);
    const int32_t magnitude = std::min(bits & kMagnitudeMask, kLargestHalf);
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

#if MILAN_HAS_AVX2_VERSIONS
[[gnu::target("avx2")]] Extremes ExtremesAvx2(std::span<const float> values) {
  return ExtremesLoop(values);
}
[[gnu::target("avx2")]] void KeysAvx2(std::span<const float> values, bool negative,
                                      uint16_t* keys) {
  KeysLoop(values, negative, keys);
}
[[gnu::target("avx2")]] void HalvesAvx2(std::span<const float> values, uint16_t* halves) {
  HalvesLoop(values, halves);
}
bool HasAvx2() { return __builtin_cpu_supports("avx2") != 0; }
#endif

Extremes FindExtremes(std::span<const float> values) {
#if MILAN_HAS_AVX2_VERSIONS
  if (HasAvx2()) return ExtremesAvx2(values);
#endif
  return ExtremesLoop(values);
}

void MakeKeys(std::span<const float> values, bool negative, uint16_t* keys) {
#if MILAN_HAS_AVX2_VERSIONS
  if (HasAvx2()) {
    KeysAvx2(values, negative, keys);
    return;
  }
#endif
  KeysLoop(values, negative, keys);
}

}  // namespace

ValueSummary Summarize(std::span<const float> values) {
  ValueSummary summary;
  if (values.empty()) return summary;
  const Extremes found = FindExtremes(values);
  const int32_t lowest_bits = Ordered(found.lowest);
  const int32_t above = found.highest;
  const int32_t below = found.lowest < 0 ? lowest_bits & kMagnitudeMask : 0;
  summary.minimum = std::bit_cast<float>(lowest_bits);
  summary.maximum = std::bit_cast<float>(Ordered(found.highest));
  summary.zeros = found.zeros;
  summary.has_nan = above > kInfinityBits || below > kInfinityBits;
  summary.is_finite = above < kInfinityBits && below < kInfinityBits;
  return summary;
}

size_t FindKeys(std::span<const float> values, bool negative, uint16_t* keys) {
  MakeKeys(values, negative, keys);
  size_t kept = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t key = keys[i];
    keys[kept] = key;  // without a branch: which values count is unpredictable
    kept += key != 0 ? 1 : 0;
  }
  return kept;
}

void RoundToHalf(std::span<const float> values, uint16_t* halves) {
#if MILAN_HAS_AVX2_VERSIONS
  if (HasAvx2()) {
    HalvesAvx2(values, halves);
    return;
  }
#endif
  HalvesLoop(values, halves);
}

}  // namespace milan
