#include <filesystem>
#include <span>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/image/photo_set.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// No photo's file is larger; a damaged size must not take the machine's memory.
constexpr uint64_t kLargestFile = uint64_t{1} << 30;

std::string TooLarge(uint64_t bytes) {
  return "has " + std::to_string(bytes) + " bytes, more than any photo (at most " +
         std::to_string(kLargestFile) + ")";
}

/// Why there is nothing to read, as far as is known without reading; empty: nothing is known.
std::string FailureBeforeReading(const PhotoSet& set, size_t id) {
  const Photo& photo = set.photos[id];
  if (photo.archive != Photo::kNoArchive) {
    const PhotoArchive& archive = set.archives[static_cast<size_t>(photo.archive)];
    if (!archive.failure.empty()) return "cannot be read: " + archive.failure;
    if (photo.offset == Photo::kNotInArchive)
      return "cannot be read: " + archive.name + " has no such photo";
    return photo.bytes > kLargestFile ? TooLarge(photo.bytes) : "";
  }
  std::error_code error;
  // Reading a pipe or a device would wait forever.
  if (!fs::is_regular_file(set.PathOf(id), error))
    return error ? "cannot be read: " + error.message() : "is not a file";
  const uint64_t bytes = fs::file_size(set.PathOf(id), error);
  return !error && bytes > kLargestFile ? TooLarge(bytes) : "";
}

std::string ReadPhoto(const PhotoSet& set, size_t id) {
  const Photo& photo = set.photos[id];
  if (photo.archive == Photo::kNoArchive) return ReadFile(set.PathOf(id));
  // Opened anew for every photo: thousands of archives would need more open files than are allowed.
  const PhotoArchive& archive = set.archives[static_cast<size_t>(photo.archive)];
  return ReadFilePart(set.root / archive.name, photo.offset, photo.bytes);
}

}  // namespace

std::string HashPhoto(const PhotoSet& set, size_t id) {
  if (!FailureBeforeReading(set, id).empty()) return "";
  try {
    return HashText(ReadPhoto(set, id));
  } catch (const Error&) {
    return "";
  }
}

DecodeResult LoadPhoto(const PhotoSet& set, size_t id, std::string* content_hash) {
  if (std::string failure = FailureBeforeReading(set, id); !failure.empty()) return {{}, failure};
  std::string content;
  try {
    content = ReadPhoto(set, id);
  } catch (const Error& unreadable) {
    return {{}, std::string("cannot be read: ") + unreadable.what()};
  }
  const auto bytes = std::as_bytes(std::span(content));
  if (content_hash != nullptr) *content_hash = HashBytes(bytes);
  return Decode(bytes);
}

}  // namespace milan
