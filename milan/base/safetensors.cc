#include "milan/base/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <type_traits>

#include "milan/base/hash.h"
#include "milan/base/json.h"

namespace milan {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are used as they lie on disk");

constexpr const char* kChecksum = "checksum";     // key of the metadata: HashBytes of the data
constexpr uint64_t kLargestHeader = 100'000'000;  // the format's own limit

struct TypeEntry {
  DataType type;
  const char* name;
  size_t size;
};
constexpr std::array kTypes = {
    TypeEntry{DataType::kF32, "F32", 4},  TypeEntry{DataType::kF16, "F16", 2},
    TypeEntry{DataType::kF64, "F64", 8},  TypeEntry{DataType::kI64, "I64", 8},
    TypeEntry{DataType::kI32, "I32", 4},  TypeEntry{DataType::kI16, "I16", 2},
    TypeEntry{DataType::kU8, "U8", 1},    TypeEntry{DataType::kU16, "U16", 2},
    TypeEntry{DataType::kU32, "U32", 4},  TypeEntry{DataType::kU64, "U64", 8},
    TypeEntry{DataType::kBool, "BOOL", 1}};

const TypeEntry& EntryOf(DataType type) {
  return *std::find_if(kTypes.begin(), kTypes.end(),
                       [&](const TypeEntry& entry) { return entry.type == type; });
}

DataType ParseType(const std::string& name, const std::string& where) {
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const TypeEntry& entry) { return name == entry.name; });
  if (found == kTypes.end())
    throw InputError(where + ": element type " + name + " is not supported");
  return found->type;
}

template <typename T>
constexpr DataType TypeOf() {
  if constexpr (std::is_same_v<T, float>) return DataType::kF32;
  if constexpr (std::is_same_v<T, double>) return DataType::kF64;
  if constexpr (std::is_same_v<T, int64_t>) return DataType::kI64;
  if constexpr (std::is_same_v<T, int32_t>) return DataType::kI32;
  if constexpr (std::is_same_v<T, int16_t>) return DataType::kI16;
  if constexpr (std::is_same_v<T, uint8_t>) return DataType::kU8;
  if constexpr (std::is_same_v<T, uint16_t>) return DataType::kU16;
  if constexpr (std::is_same_v<T, uint32_t>) return DataType::kU32;
  if constexpr (std::is_same_v<T, uint64_t>) return DataType::kU64;
}

/// Half precision is read and written as its bits (uint16_t).
template <typename T>
bool Fits(DataType type) {
  return type == TypeOf<T>() || (std::is_same_v<T, uint16_t> && type == DataType::kF16) ||
         (std::is_same_v<T, uint8_t> && type == DataType::kBool);
}

/// A tensor's place as the header states it.
struct Extent {
  uint64_t begin;
  uint64_t end;
};

TensorView ParseTensor(const Json& entry, std::span<const std::byte> data, const std::string& where,
                       Extent* extent) {
  const auto type = ParseType(Get<std::string>(entry, "dtype", where), where);
  const auto shape = Get<Shape>(entry, "shape", where);
  const auto offsets = Get<std::vector<uint64_t>>(entry, "data_offsets", where);
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size()) {
    throw InputError(where + ": data offsets lie outside the file (truncated?)");
  }
  const auto count = static_cast<uint64_t>(ElementCount(shape));
  const uint64_t size = offsets[1] - offsets[0];
  if (size % SizeOf(type) != 0 || size / SizeOf(type) != count) {
    throw InputError(where + ": shape " + ToString(shape) + " does not fit its " +
                     std::to_string(size) + " bytes");
  }
  *extent = {offsets[0], offsets[1]};
  return {type, shape, data.subspan(offsets[0], size)};
}

/// The format forbids holes and overlaps, which could hide or share data.
void CheckContiguous(std::vector<Extent> extents, uint64_t data_size, const std::string& name) {
  std::sort(extents.begin(), extents.end(), [](const Extent& a, const Extent& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  uint64_t position = 0;
  for (const Extent& extent : extents) {
    if (extent.begin != position) throw InputError(name + ": tensors overlap or leave holes");
    position = extent.end;
  }
  if (position != data_size) throw InputError(name + ": data after the last tensor");
}

}  // namespace

size_t SizeOf(DataType type) { return EntryOf(type).size; }
std::string ToString(DataType type) { return EntryOf(type).name; }

template <typename T>
std::vector<T> TensorView::As() const {
  MILAN_CHECK(Fits<T>(type), "tensor of " + ToString(type) + " read as another type");
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::vector<float> TensorView::AsFloats() const {
  if (type == DataType::kF32) return As<float>();
  std::vector<float> values;
  if (type == DataType::kF16) {
    const auto halves = As<uint16_t>();
    values.resize(halves.size());
    std::transform(halves.begin(), halves.end(), values.begin(), FromHalf);
  } else if (type == DataType::kF64) {
    const auto doubles = As<double>();
    values.assign(doubles.begin(), doubles.end());
  } else {
    throw InputError("a tensor of " + ToString(type) + " where floating-point values are expected");
  }
  return values;
}

SafetensorsFile::SafetensorsFile(const Path& path) : path_(path) {
  const auto file = std::make_shared<MappedFile>(path);
  content_ = file;
  Parse(file->bytes());
}

SafetensorsFile::SafetensorsFile(const Path& name, std::vector<std::byte> content) : path_(name) {
  const auto bytes = std::make_shared<std::vector<std::byte>>(std::move(content));
  content_ = bytes;
  Parse(*bytes);
}

void SafetensorsFile::Parse(std::span<const std::byte> bytes) {
  const std::string name = path_.string();
  uint64_t header_size = 0;
  if (bytes.size() < sizeof(header_size)) throw InputError(name + ": not a safetensors file");
  std::memcpy(&header_size, bytes.data(), sizeof(header_size));
  if (header_size > kLargestHeader || header_size > bytes.size() - sizeof(header_size)) {
    throw InputError(name + ": not a safetensors file, or truncated");
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + sizeof(header_size),
                              header_size);
  const auto data = bytes.subspan(sizeof(header_size) + header_size);
  const Json header = ParseJson(text, name + " (header)");
  if (!header.is_object()) throw InputError(name + ": the safetensors header is not an object");
  std::vector<Extent> extents;
  for (const auto& [key, entry] : header.items()) {
    if (key == "__metadata__") {
      metadata_ = Get<std::map<std::string, std::string>>(header, key, name);
      continue;
    }
    tensors_[key] =
        ParseTensor(entry, data, name + ": tensor '" + key + "'", &extents.emplace_back());
  }
  CheckContiguous(std::move(extents), data.size(), name);
  const auto checksum = metadata_.find(kChecksum);
  if (checksum != metadata_.end() && checksum->second != HashBytes(data)) {
    throw InputError(name + ": is damaged (its data do not have the checksum of its header)");
  }
}

const TensorView& SafetensorsFile::At(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    throw InputError(path_.string() + ": tensor '" + name + "' is missing");
  }
  return found->second;
}

void SafetensorsWriter::Add(const std::string& name, DataType type, const Shape& shape,
                            std::span<const std::byte> bytes) {
  MILAN_CHECK(static_cast<uint64_t>(ElementCount(shape)) * SizeOf(type) == bytes.size(),
              "tensor " + name + " of shape " + ToString(shape) + " has another size");
  AddStreamed(
      name, type, shape,
      [copy = std::vector(bytes.begin(), bytes.end())](const ByteSink& sink) { sink(copy); });
}

void SafetensorsWriter::AddStreamed(const std::string& name, DataType type, const Shape& shape,
                                    Producer produce) {
  tensors_[name] = {type, shape, std::move(produce)};
}

template <typename T>
void SafetensorsWriter::Add(const std::string& name, const Shape& shape,
                            std::span<const T> values) {
  Add(name, TypeOf<T>(), shape, std::as_bytes(values));
}

void SafetensorsWriter::AddAsHalf(const std::string& name, const Shape& shape,
                                  std::span<const float> values) {
  std::vector<uint16_t> halves(values.size());
  std::transform(values.begin(), values.end(), halves.begin(), ToHalf);
  Add(name, DataType::kF16, shape, std::as_bytes(std::span(halves)));
}

std::string SafetensorsWriter::Header(uint64_t* data_size) const {
  Json header = Json::object();
  uint64_t offset = 0;
  Hasher checksum;
  for (const auto& [name, tensor] : tensors_) {
    header[name] = {{"dtype", ToString(tensor.type)},
                    {"shape", tensor.shape},
                    {"data_offsets", {offset, offset + tensor.Size()}}};
    uint64_t size = 0;
    tensor.produce([&](std::span<const std::byte> bytes) {
      checksum.Add(bytes);
      size += bytes.size();
    });
    MILAN_CHECK(size == tensor.Size(), "tensor " + name + " was given another size");
    offset += size;
  }
  header["__metadata__"] = metadata_;
  header["__metadata__"][kChecksum] = checksum.Finish();
  std::string text = ToText(header);
  text.append((8 - text.size() % 8) % 8, ' ');  // aligns the data for readers that map it
  const uint64_t size = text.size();
  *data_size = offset;
  return std::string(reinterpret_cast<const char*>(&size), sizeof(size)) + text;
}

void SafetensorsWriter::Write(const Path& path) const {
  uint64_t data_size = 0;
  const std::string header = Header(&data_size);
  AtomicFile file(path);
  file.Write(header);
  for (const auto& [name, tensor] : tensors_) {
    tensor.produce([&](std::span<const std::byte> bytes) { file.Write(bytes); });
  }
  file.Commit();
}

std::vector<std::byte> SafetensorsWriter::ToBytes() const {
  uint64_t data_size = 0;
  const std::string header = Header(&data_size);
  std::vector<std::byte> content;
  content.reserve(header.size() + data_size);
  const auto append = [&](std::span<const std::byte> bytes) {
    content.insert(content.end(), bytes.begin(), bytes.end());
  };
  append(std::as_bytes(std::span(header)));
  for (const auto& [name, tensor] : tensors_) tensor.produce(append);
  return content;
}

#define MILAN_INSTANTIATE(T)                         \
  template std::vector<T> TensorView::As<T>() const; \
  template void SafetensorsWriter::Add<T>(const std::string&, const Shape&, std::span<const T>);
MILAN_INSTANTIATE(float)
MILAN_INSTANTIATE(double)
MILAN_INSTANTIATE(int64_t)
MILAN_INSTANTIATE(int32_t)
MILAN_INSTANTIATE(int16_t)
MILAN_INSTANTIATE(uint8_t)
MILAN_INSTANTIATE(uint16_t)
MILAN_INSTANTIATE(uint32_t)
MILAN_INSTANTIATE(uint64_t)
#undef MILAN_INSTANTIATE

}  // namespace milan
