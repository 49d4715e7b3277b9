#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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

/// A .npy file in a memory map: arrays of many gigabytes are read without a copy.
class NpyFile {
 public:
  /// Throws kInput as ReadNpy.
  explicit NpyFile(const Path& path);

  const Path& path() const { return path_; }
  const std::string& type() const { return type_; }
  const Shape& shape() const { return shape_; }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  Path path_;
  std::shared_ptr<const MappedFile> file_;
  std::string type_;
  Shape shape_;
  std::span<const std::byte> bytes_;
};

/// Writes float32, atomically.
void WriteNpy(const Path& path, const ArrayView& array);

/// All that precedes the elements in a .npy file, for those who write these themselves; `type` as
/// in NpyArray. Its size is a multiple of 64.
std::string NpyHeader(const std::string& type, const Shape& shape);

}  // namespace milan
