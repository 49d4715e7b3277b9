#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"

namespace milan {

/// An array to be written; its elements, little-endian in C order, belong to the caller.
struct NpzEntry {
  std::string name;  ///< Its key for numpy.load.
  std::string type;  ///< As in NpyArray: "f4", "f2", "i4", "u1", ...
  Shape shape;
  std::span<const std::byte> bytes;
};

/// Writes arrays as numpy.savez does: a zip file of .npy files, not compressed. Atomic; equal
/// content gives equal bytes. Throws kResource naming the file.
void WriteNpz(const Path& path, const std::vector<NpzEntry>& entries);

}  // namespace milan
