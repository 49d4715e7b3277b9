#include "milan/ablation/value_store.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>

#include <unistd.h>

#include "milan/base/error.h"

namespace milan {
namespace {

Error SpillError(const std::string& problem) {
  std::error_code ignored;
  return ResourceError(
      "the values kept per photo cannot be spilled to '" +
      std::filesystem::temp_directory_path(ignored).string() + "': " + problem +
      "; set TMPDIR to a folder with room, allow more memory (--memory) or take fewer photos");
}

}  // namespace

ValueStore::ValueStore(int64_t count, uint64_t memory_limit)
    : entries_(count), memory_limit_(memory_limit) {}

bool ValueStore::TakeMemory(uint64_t bytes) {
  uint64_t taken = memory_bytes_;
  do {
    if (bytes > memory_limit_ || taken > memory_limit_ - bytes) return false;
  } while (!memory_bytes_.compare_exchange_weak(taken, taken + bytes));
  return true;
}

void ValueStore::Put(int64_t photo, std::span<const ArrayView> values) {
  Entry& entry = entries_.at(photo);
  std::vector<float> all;
  for (const ArrayView& value : values) entry.count += value.values.size();
  all.reserve(entry.count);
  for (const ArrayView& value : values) {
    entry.shapes.push_back(value.shape);
    all.insert(all.end(), value.values.begin(), value.values.end());
  }
  if (TakeMemory(entry.count * sizeof(float))) {
    entry.values = std::move(all);
  } else {
    Spill(all, &entry);
  }
}

void ValueStore::Spill(const std::vector<float>& values, Entry* entry) {
  {
    const std::lock_guard lock(mutex_);
    if (!file_) file_.emplace("milan-values").RemoveName();
  }
  uint64_t left = values.size() * sizeof(float);
  entry->offset = disk_bytes_.fetch_add(left);
  const char* bytes = reinterpret_cast<const char*>(values.data());
  uint64_t place = entry->offset;
  while (left > 0) {
    const ssize_t written = pwrite(file_->descriptor(), bytes, left, static_cast<off_t>(place));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) throw SpillError(std::strerror(errno));
    bytes += written;
    place += static_cast<uint64_t>(written);
    left -= static_cast<uint64_t>(written);
  }
}

std::vector<ArrayView> ValueStore::Get(int64_t photo, std::vector<float>* buffer) const {
  const Entry& entry = entries_.at(photo);
  std::span<const float> all = entry.values;
  if (entry.values.size() != entry.count) {
    buffer->resize(entry.count);
    char* bytes = reinterpret_cast<char*>(buffer->data());
    uint64_t left = entry.count * sizeof(float);
    uint64_t place = entry.offset;
    while (left > 0) {
      const ssize_t read = pread(file_->descriptor(), bytes, left, static_cast<off_t>(place));
      if (read < 0 && errno == EINTR) continue;
      if (read <= 0) throw SpillError(read < 0 ? std::strerror(errno) : "it ends early");
      bytes += read;
      place += static_cast<uint64_t>(read);
      left -= static_cast<uint64_t>(read);
    }
    all = *buffer;
  }
  std::vector<ArrayView> values;
  for (const Shape& shape : entry.shapes) {
    const auto count = static_cast<size_t>(ElementCount(shape));
    values.push_back({shape, all.first(count)});
    all = all.subspan(count);
  }
  return values;
}

}  // namespace milan
