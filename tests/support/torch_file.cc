#include "tests/support/torch_file.h"

#include <bit>

#include <zip.h>

#include "milan/base/error.h"

namespace milan {
namespace {

std::string LittleEndian(uint32_t value) {
  std::string bytes;
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 255);
  return bytes;
}

std::string Sizes(const Shape& sizes) {
  std::vector<std::string> items;
  for (const int64_t size : sizes) items.push_back(TorchFile::Integer(static_cast<int32_t>(size)));
  return TorchFile::Tuple(items);
}

void Add(zip_t* archive, const std::string& name, const void* bytes, size_t size) {
  zip_source_t* source = zip_source_buffer(archive, bytes, size, 0);
  const zip_int64_t index = zip_file_add(archive, name.c_str(), source, 0);
  if (index < 0) throw ResourceError(name + ": cannot be added");
  zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
}

}  // namespace

std::string TorchFile::Text(const std::string& text) {
  return "X" + LittleEndian(static_cast<uint32_t>(text.size())) + text;
}

std::string TorchFile::Integer(int32_t value) {
  return "J" + LittleEndian(static_cast<uint32_t>(value));
}

std::string TorchFile::Real(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  std::string bytes = "G";
  for (int i = 7; i >= 0; --i) bytes += static_cast<char>(bits >> (8 * i) & 255);
  return bytes;
}

std::string TorchFile::Tuple(const std::vector<std::string>& items) {
  std::string bytes = "(";
  for (const std::string& item : items) bytes += item;
  return bytes + "t";
}

std::string TorchFile::Dict(const Members& members) {
  std::string bytes = "}(";
  for (const auto& [key, value] : members) bytes += Text(key) + value;
  return bytes + "u";
}

std::string TorchFile::Tensor(const Array& array) {
  Shape strides(array.shape.size(), 1);
  for (size_t i = strides.size(); i > 1; --i) strides[i - 2] = strides[i - 1] * array.shape[i - 1];
  const std::string storage =
      Tuple({Text("storage"), "ctorch\nFloatStorage\n", Text(std::to_string(storages_.size())),
             Text("cpu"), Integer(static_cast<int32_t>(array.values.size()))}) +
      "Q";
  storages_.push_back(array.values);
  return "ctorch._utils\n_rebuild_tensor_v2\n" +
         Tuple({storage, Integer(0), Sizes(array.shape), Sizes(strides), Bool(false),
                "ccollections\nOrderedDict\n)R"}) +
         "R";
}

void TorchFile::Write(const Path& path, const std::string& root) const {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) throw ResourceError(path.string() + ": cannot be created");
  const std::string pickle = "\x80\x02" + root + ".";
  Add(archive, "archive/data.pkl", pickle.data(), pickle.size());
  for (size_t i = 0; i < storages_.size(); ++i) {
    Add(archive, "archive/data/" + std::to_string(i), storages_[i].data(),
        storages_[i].size() * sizeof(float));
  }
  if (zip_close(archive) != 0) throw ResourceError(path.string() + ": cannot be written");
}

}  // namespace milan
