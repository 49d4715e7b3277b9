#include "milan/base/npy.h"

#include <bit>
#include <charconv>
#include <cstring>
#include <map>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

static_assert(std::endian::native == std::endian::little, "npy data is read as it lies in memory");

const std::map<std::string, size_t, std::less<>> kTypeSizes = {
    {"f2", 2}, {"f4", 4}, {"f8", 8}, {"i1", 1}, {"i2", 2}, {"i4", 4},
    {"i8", 8}, {"u1", 1}, {"u2", 2}, {"u4", 4}, {"u8", 8}, {"b1", 1}};

/// Text of `'key': ` up to the end of its value in numpy's dictionary literal.
std::string_view DictionaryValue(std::string_view header, std::string_view key,
                                 const std::string& name) {
  const size_t found = header.find("'" + std::string(key) + "'");
  const size_t colon = found == std::string_view::npos ? found : header.find(':', found);
  if (colon == std::string_view::npos) {
    throw InputError(name + ": .npy header without '" + std::string(key) + "'");
  }
  std::string_view value = header.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const bool tuple = value.starts_with('(');
  const size_t end = tuple ? value.find(')') : value.find_first_of(",}");
  if (end == std::string_view::npos) throw InputError(name + ": broken .npy header");
  return value.substr(0, tuple ? end + 1 : end);
}

Shape ParseShape(std::string_view tuple, const std::string& name) {
  Shape shape;
  const char* position = tuple.data() + (tuple.starts_with('(') ? 1 : 0);
  const char* end = tuple.data() + tuple.size();
  while (position < end) {
    if (*position == ' ' || *position == ',' || *position == ')') {
      ++position;
      continue;
    }
    int64_t size = 0;
    const auto [next, error] = std::from_chars(position, end, size);
    if (error != std::errc() || size < 0) throw InputError(name + ": broken shape in .npy header");
    shape.push_back(size);
    position = next;
  }
  return shape;
}

/// Where the header's dictionary and the elements lie in a .npy file.
struct NpyParts {
  std::string_view header;
  std::span<const std::byte> data;
};

NpyParts Split(std::span<const std::byte> bytes, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 10 || !text.starts_with("\x93NUMPY"))
    throw InputError(name + ": not a .npy file");
  const int major = static_cast<unsigned char>(text[6]);
  if (major < 1 || major > 3) throw InputError(name + ": unknown .npy format version");
  const size_t length_size = major == 1 ? 2 : 4;
  uint32_t header_length = 0;
  if (text.size() < 8 + length_size) throw InputError(name + ": truncated .npy header");
  std::memcpy(&header_length, text.data() + 8, length_size);
  const size_t data_start = 8 + length_size + header_length;
  if (data_start > text.size()) throw InputError(name + ": truncated .npy header");
  return {text.substr(8 + length_size, header_length), bytes.subspan(data_start)};
}

int64_t CountElements(const Shape& shape, const std::string& name) {
  try {
    return ElementCount(shape);
  } catch (const Error& overflow) {
    throw InputError(name + ": " + overflow.what());
  }
}

struct NpyView {
  std::string type;
  Shape shape;
  std::span<const std::byte> bytes;
};

/// The array in the bytes of a .npy file, as a view of them.
NpyView View(std::span<const std::byte> bytes, const std::string& name) {
  const auto [header, data] = Split(bytes, name);
  NpyView array;
  std::string_view type = DictionaryValue(header, "descr", name);
  if (type.size() < 4) throw InputError(name + ": element type not supported");
  type = type.substr(1, type.size() - 2);  // without quotes
  const bool little_endian = type[0] != '>';
  array.type = std::string(type.substr(1));
  const auto size = kTypeSizes.find(array.type);
  if (size == kTypeSizes.end() || !little_endian) {
    throw InputError(name + ": element type " + std::string(type) + " is not supported");
  }
  if (DictionaryValue(header, "fortran_order", name).starts_with("True")) {
    throw InputError(name +
                     ": Fortran order is not supported; save it with numpy.ascontiguousarray");
  }
  array.shape = ParseShape(DictionaryValue(header, "shape", name), name);
  const auto count = static_cast<uint64_t>(CountElements(array.shape, name));
  if (count > data.size() / size->second) {
    throw InputError(name + ": truncated: shape " + ToString(array.shape) + " needs more data");
  }
  array.bytes = data.first(count * size->second);
  return array;
}

/// Calls `use` with the elements as a span of their own type.
template <typename Use>
auto Visit(const NpyArray& array, const Use& use) {
  const auto call = [&]<typename T>(T) {
    std::vector<T> values(array.bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
    return use(std::span<const T>(values));
  };
  if (array.type == "f4") return call(float{});
  if (array.type == "f8") return call(double{});
  if (array.type == "i1") return call(int8_t{});
  if (array.type == "i2") return call(int16_t{});
  if (array.type == "i4") return call(int32_t{});
  if (array.type == "i8") return call(int64_t{});
  if (array.type == "u2") return call(uint16_t{});
  if (array.type == "u4") return call(uint32_t{});
  if (array.type == "u8") return call(uint64_t{});
  return call(uint8_t{});  // u1, b1
}

}  // namespace

std::vector<float> NpyArray::AsFloats() const {
  if (type == "f2") {
    std::vector<float> values(bytes.size() / 2);
    for (size_t i = 0; i < values.size(); ++i) {
      uint16_t half = 0;
      std::memcpy(&half, &bytes[2 * i], 2);
      values[i] = FromHalf(half);
    }
    return values;
  }
  return Visit(*this, [](auto values) { return std::vector<float>(values.begin(), values.end()); });
}

std::vector<int64_t> NpyArray::AsIntegers() const {
  MILAN_CHECK(!type.starts_with('f'), "integers asked of an array of " + type);
  return Visit(*this,
               [](auto values) { return std::vector<int64_t>(values.begin(), values.end()); });
}

NpyArray ParseNpy(std::span<const std::byte> bytes, const std::string& name) {
  NpyView view = View(bytes, name);
  return {std::move(view.type), std::move(view.shape), {view.bytes.begin(), view.bytes.end()}};
}

NpyArray ReadNpy(const Path& path) {
  const MappedFile file(path);
  return ParseNpy(file.bytes(), path.string());
}

NpyFile::NpyFile(const Path& path) : path_(path), file_(std::make_shared<MappedFile>(path)) {
  NpyView view = View(file_->bytes(), path.string());
  type_ = std::move(view.type);
  shape_ = std::move(view.shape);
  bytes_ = view.bytes;
}

std::string NpyHeader(const std::string& type, const Shape& shape) {
  // One byte has no order; numpy writes '|' there.
  const char* order = type.ends_with('1') ? "|" : "<";
  std::string sizes;
  for (const int64_t size : shape) sizes += std::to_string(size) + ",";
  std::string dictionary =
      "{'descr': '" + (order + type) + "', 'fortran_order': False, 'shape': (" + sizes + "), }";
  constexpr size_t kPrefix = 10;  // magic, version, header length
  dictionary.append(63 - (kPrefix + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xFF);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

void WriteNpy(const Path& path, const ArrayView& array) {
  AtomicFile file(path);
  file.Write(NpyHeader("f4", array.shape));
  file.Write(std::as_bytes(array.values));
  file.Commit();
}

}  // namespace milan
