#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace milan {

/// What one fast look at some values says: enough to skip most of the work on them.
struct ValueSummary {
  float minimum = 0;  ///< Minus zero is below zero. Without meaning when has_nan.
  float maximum = 0;
  uint32_t zeros = 0;  ///< Of either sign.
  bool has_nan = false;
  bool is_finite = true;  ///< All values are: no NaN, no infinity.
};

/// Integer arithmetic throughout, so the result depends neither on the order of the values nor on
/// the processor.
ValueSummary Summarize(std::span<const float> values);

/// The key of a magnitude: its exponent and first bits of mantissa, what is left of its float bits
/// in 16 bits. Keys have the order of the magnitudes. Subnormal magnitudes may share key 1.
constexpr int kKeyMantissaBits = 8;
constexpr int kKeyShift = 23 - kKeyMantissaBits;

/// Writes the keys of the values that are not zero and have the sign asked for, in order, to `keys`
/// and returns how many they are. REQUIRES: finite values, room for values.size() keys.
size_t FindKeys(std::span<const float> values, bool negative, uint16_t* keys);

/// The values in half precision, rounded to nearest even. What is beyond its range becomes its
/// largest number, 65504, so that every map stays finite. REQUIRES: no NaN, room for all.
void RoundToHalf(std::span<const float> values, uint16_t* halves);

}  // namespace milan
