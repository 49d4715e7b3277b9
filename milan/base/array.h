#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "milan/base/error.h"

namespace milan {

/// Sizes of an array, outermost dimension first (row-major, C order).
using Shape = std::vector<int64_t>;

/// Number of elements of `shape`; 1 for the empty shape (a scalar).
/// REQUIRES: no negative size. Throws kInput when the product overflows int64.
int64_t ElementCount(const Shape& shape);

/// "[1, 64, 56, 56]".
std::string ToString(const Shape& shape);

/// Read-only view of a dense row-major array of floats: the only array type that crosses modules.
/// Does not own its elements; the owner must outlive it.
struct ArrayView {
  Shape shape;
  std::span<const float> values;
};

/// A dense row-major array of floats that owns its elements.
struct Array {
  Shape shape;
  std::vector<float> values;

  ArrayView View() const { return {shape, values}; }
};

/// IEEE half precision, as stored in safetensors (dtype F16). Rounds to nearest even.
uint16_t ToHalf(float value);
float FromHalf(uint16_t bits);

}  // namespace milan
