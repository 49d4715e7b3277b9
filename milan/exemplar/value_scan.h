#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace milan {

/// The key of a magnitude: its exponent and the first 8 bits of its mantissa. Keys have the order
/// of the magnitudes. Those below 2^-134 have key 0 and are taken for zero.
constexpr int kKeyMantissaBits = 8;
/// Room that ScanValues may use behind the last key.
constexpr size_t kKeyPadding = 128;

enum Sign : uint8_t { kPositive, kNegative };

/// What one fast look at some values says.
struct ValueScan {
  float minimum = 0;      ///< Of either sign when it is a zero. Without meaning unless is_finite.
  float maximum = 0;      ///< The same.
  bool is_finite = true;  ///< No NaN, no infinity.
  size_t like_candidate = 0;                  ///< Values equal to the one asked for.
  std::array<size_t, 2> key_counts = {0, 0};  ///< Keys written, by sign.
};

/// Where keys go, by sign. REQUIRES: room for all values and kKeyPadding more in each.
using KeySinks = std::array<uint16_t*, 2>;

/// Reads the values once: their extremes, how many equal `candidate`, and the keys of those that
/// are not zero, in order. Nothing depends on the processor.
ValueScan ScanValues(std::span<const float> values, float candidate, const KeySinks& keys);

/// Turns keys into places in a table that starts with what has the key `before_first` or less, in
/// place. `before_first` may be negative.
void KeysToPlaces(std::span<uint16_t> keys, int before_first);

/// The values in half precision, rounded to nearest even. What is beyond its range becomes its
/// largest number, 65504, so that every map stays finite. REQUIRES: no NaN, room for all.
void RoundToHalf(std::span<const float> values, uint16_t* halves);

}  // namespace milan
