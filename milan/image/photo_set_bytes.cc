#include "milan/image/photo_set_bytes.h"

#include <algorithm>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/safetensors.h"

namespace milan {
namespace {

/// Texts end to end, and where each ends.
void AddTexts(SafetensorsWriter& writer, const std::string& name,
              const std::vector<std::string_view>& texts) {
  std::string all;
  std::vector<uint64_t> ends;
  for (const std::string_view text : texts) {
    all += text;
    ends.push_back(all.size());
  }
  const auto bytes = std::as_bytes(std::span(all));
  writer.Add(name, DataType::kU8, {std::ssize(bytes)}, bytes);
  writer.Add<uint64_t>(name + ".ends", {std::ssize(ends)}, ends);
}

std::vector<std::string> ReadTexts(const SafetensorsFile& file, const std::string& name) {
  const auto all = file.At(name).As<uint8_t>();
  const auto ends = file.At(name + ".ends").As<uint64_t>();
  if (!std::is_sorted(ends.begin(), ends.end()) || (!ends.empty() && ends.back() > all.size())) {
    throw InputError(file.path().string() + ": tensor '" + name + "' is not divided into texts");
  }
  std::vector<std::string> texts;
  uint64_t begin = 0;
  for (const uint64_t end : ends) {
    texts.emplace_back(all.begin() + static_cast<ptrdiff_t>(begin),
                       all.begin() + static_cast<ptrdiff_t>(end));
    begin = end;
  }
  return texts;
}

template <typename T>
std::vector<T> ReadColumn(const SafetensorsFile& file, const std::string& name, size_t length) {
  std::vector<T> values = file.At(name).As<T>();
  if (values.size() == length) return values;
  throw InputError(file.path().string() + ": tensor '" + name + "' has another length");
}

}  // namespace

std::vector<std::byte> ToBytes(const PhotoSet& set) {
  std::vector<std::string_view> names;
  std::vector<uint64_t> sizes;
  std::vector<int32_t> archives;
  std::vector<uint64_t> offsets;
  for (const Photo& photo : set.photos) {
    names.push_back(photo.name);
    sizes.push_back(photo.bytes);
    archives.push_back(photo.archive);
    offsets.push_back(photo.offset);
  }
  std::vector<std::string_view> archive_names;
  std::vector<std::string_view> failures;
  for (const PhotoArchive& archive : set.archives) {
    archive_names.push_back(archive.name);
    failures.push_back(archive.failure);
  }
  SafetensorsWriter writer;
  AddTexts(writer, "root", {set.root.native()});
  AddTexts(writer, "names", names);
  AddTexts(writer, "archive_names", archive_names);
  AddTexts(writer, "failures", failures);
  const int64_t count = std::ssize(names);
  writer.Add<uint64_t>("sizes", {count}, sizes);
  writer.Add<int32_t>("archives", {count}, archives);
  writer.Add<uint64_t>("offsets", {count}, offsets);
  return writer.ToBytes();
}

PhotoSet PhotoSetFromBytes(std::vector<std::byte> bytes) {
  const SafetensorsFile file("list of photos", std::move(bytes));
  PhotoSet set;
  for (const std::string& root : ReadTexts(file, "root")) set.root = root;
  std::vector<std::string> archive_names = ReadTexts(file, "archive_names");
  std::vector<std::string> failures = ReadTexts(file, "failures");
  if (archive_names.size() != failures.size()) throw InputError("list of photos: lacks archives");
  for (size_t i = 0; i < failures.size(); ++i) {
    set.archives.push_back({std::move(archive_names[i]), std::move(failures[i])});
  }
  std::vector<std::string> names = ReadTexts(file, "names");
  const auto sizes = ReadColumn<uint64_t>(file, "sizes", names.size());
  const auto archives = ReadColumn<int32_t>(file, "archives", names.size());
  const auto offsets = ReadColumn<uint64_t>(file, "offsets", names.size());
  for (size_t i = 0; i < names.size(); ++i) {
    if (archives[i] != Photo::kNoArchive &&
        (archives[i] < 0 || archives[i] >= std::ssize(set.archives))) {
      throw InputError("list of photos: photo " + names[i] + " is in no archive");
    }
    set.photos.push_back({std::move(names[i]), sizes[i], archives[i], offsets[i]});
  }
  return set;
}

}  // namespace milan
