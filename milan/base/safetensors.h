#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"

namespace milan {

/// Element types of the safetensors format that milan reads and writes.
enum class DataType { kF32, kF16, kF64, kI64, kI32, kI16, kU8, kU16, kU32, kU64, kBool };

/// Bytes of one element.
size_t SizeOf(DataType type);
/// "F32", "F16", ... as in the file format.
std::string ToString(DataType type);

/// One tensor of a safetensors file: bytes inside the memory map, little-endian, row-major.
struct TensorView {
  DataType type;
  Shape shape;
  std::span<const std::byte> bytes;

  /// The elements as T. REQUIRES: sizeof(T) and kind fit `type` (checked: throws kInternal).
  /// Safe for any alignment because it copies.
  template <typename T>
  std::vector<T> As() const;
  /// Elements of F32, F16 or F64 as float. Throws kInput for integer types.
  std::vector<float> AsFloats() const;
};

/// Reader of a safetensors file (docs/formats.md): an 8-byte little-endian header length, a JSON
/// header, then the data. Everything is checked against the size of the file: offsets in range,
/// contiguous and not overlapping, shape times element size equal to the extent; and the data have
/// the checksum that milan's own files carry in their metadata.
/// Throws kInput naming file and tensor. The views live as long as this object.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const Path& path);
  /// The same of a file's content in memory, such as a message of another process; `name` stands
  /// for the path.
  SafetensorsFile(const Path& name, std::vector<std::byte> content);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool Contains(const std::string& name) const { return tensors_.contains(name); }
  /// Throws kInput naming the file and the tensor that is missing.
  const TensorView& At(const std::string& name) const;
  const Path& path() const { return path_; }

 private:
  void Parse(std::span<const std::byte> bytes);

  Path path_;
  std::shared_ptr<const void> content_;  ///< What the views look into.
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Collects tensors and writes them as one safetensors file, atomically. Tensors are stored in the
/// order of their names, so that equal content gives equal bytes.
class SafetensorsWriter {
 public:
  void SetMetadata(const std::string& key, const std::string& value) { metadata_[key] = value; }
  void Add(const std::string& name, DataType type, const Shape& shape,
           std::span<const std::byte> bytes);

  template <typename T>
  void Add(const std::string& name, const Shape& shape, std::span<const T> values);
  /// A tensor whose bytes come in pieces when the file is written, and once before for its
  /// checksum, so that it is never held twice. What `produce` refers to must live until Write.
  using ByteSink = std::function<void(std::span<const std::byte>)>;
  using Producer = std::function<void(const ByteSink&)>;
  void AddStreamed(const std::string& name, DataType type, const Shape& shape, Producer produce);

  /// Stores floats in half precision.
  void AddAsHalf(const std::string& name, const Shape& shape, std::span<const float> values);

  /// Throws kResource naming the file.
  void Write(const Path& path) const;
  /// The content of the file that Write makes.
  std::vector<std::byte> ToBytes() const;

 private:
  /// The length of the header and the header.
  std::string Header(uint64_t* data_size) const;

  struct Tensor {
    DataType type;
    Shape shape;
    Producer produce;
    uint64_t Size() const { return static_cast<uint64_t>(ElementCount(shape)) * SizeOf(type); }
  };
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace milan
