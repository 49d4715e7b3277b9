#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/temporary_file.h"

namespace milan {

/// Keeps some values of many photos: in memory up to a limit, the others in a temporary file in
/// $TMPDIR, which has no name and so is gone when the process ends, however it ends.
class ValueStore {
 public:
  /// For photos 0 to count - 1. `memory_limit` in bytes.
  ValueStore(int64_t count, uint64_t memory_limit);

  /// Keeps the values of one photo, once. From several threads for different photos. Throws
  /// kResource naming the folder when the disk has no room.
  void Put(int64_t photo, std::span<const ArrayView> values);
  /// What was put, bit for bit; valid until `buffer` changes. Thread-safe once all is put.
  /// REQUIRES: something was put for the photo.
  std::vector<ArrayView> Get(int64_t photo, std::vector<float>* buffer) const;

  uint64_t memory_bytes() const { return memory_bytes_; }
  uint64_t disk_bytes() const { return disk_bytes_; }

 private:
  struct Entry {
    std::vector<Shape> shapes;
    std::vector<float> values;  ///< Of all arrays, one after the other; empty when on disk.
    uint64_t offset = 0;
    uint64_t count = 0;  ///< Of values.
  };
  bool TakeMemory(uint64_t bytes);
  void Spill(const std::vector<float>& values, Entry* entry);

  std::vector<Entry> entries_;
  uint64_t memory_limit_;
  std::atomic<uint64_t> memory_bytes_ = 0;
  std::atomic<uint64_t> disk_bytes_ = 0;
  std::mutex mutex_;  ///< Of the file's making.
  std::optional<TemporaryFile> file_;
};

}  // namespace milan
