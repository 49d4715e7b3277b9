#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"

namespace milan {

/// A numpy array as stored in a .npy file (format version 1 to 3, little-endian, C order).
struct NpyArray {
  std::string type;  ///< numpy's descr without byte order: "f4", "f2", "f8", "i8", "u1", "b1", ...
  Shape shape;
  std::vector<std::byte> bytes;

  /// Elements converted to float / int64 from any numeric type.
  std::vector<float> AsFloats() const;
  std::vector<int64_t> AsIntegers() const;
};

/// Throws kInput naming the file (bad magic, object arrays, Fortran order, truncated data).
NpyArray ReadNpy(const Path& path);
NpyArray ParseNpy(std::span<const std::byte> bytes, const std::string& name);

/// Writes float32, atomically.
void WriteNpy(const Path& path, const ArrayView& array);

}  // namespace milan
