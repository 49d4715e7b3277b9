#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace milan {

using Path = std::filesystem::path;

/// Whole content of a file. Throws kInput naming the file when it is missing, a folder or
/// unreadable.
std::string ReadFile(const Path& path);

/// `size` bytes of a file, from `offset` on. Throws kInput naming the file when it is missing,
/// unreadable or ends before them; memory is taken only for bytes that are there.
std::string ReadFilePart(const Path& path, uint64_t offset, uint64_t size);

/// Writes `content` so that `path` holds either its old content or all of the new one, whatever
/// happens: written beside it, flushed to disk, renamed. Throws kResource naming the file (disk
/// full).
void WriteFileAtomically(const Path& path, std::string_view content);

/// A file written in pieces that appears under its name only by `Commit`. Without it the destructor
/// removes what was written.
class AtomicFile {
 public:
  /// Opens a temporary file beside `path`. Throws kResource.
  explicit AtomicFile(Path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// Appends. Throws kResource naming the file (disk full).
  void Write(std::string_view bytes);
  void Write(std::span<const std::byte> bytes);
  /// Makes the file at least `size` bytes long, the new ones zero, so that a disk without room for
  /// it is an error now and not hours later. Throws kResource.
  void Reserve(uint64_t size);
  /// Writes at that place, whatever was appended; from several threads at once for different
  /// places. Throws kResource.
  void WriteAt(uint64_t offset, std::span<const std::byte> bytes);
  /// Flushes to disk and renames to the final name.
  void Commit();

 private:
  Path path_;
  Path temporary_;
  int descriptor_ = -1;
};

/// Gives a file that another library has written beside `path` its name: flushed to disk, renamed.
/// Throws kResource and removes `temporary` when that fails.
void PublishFile(const Path& temporary, const Path& path);
/// A name beside `path` for such a file; RemoveStaleTemporaries knows it.
Path TemporaryBeside(const Path& path);

/// Read-only memory map of a whole file. Throws kInput naming the file.
class MappedFile {
 public:
  explicit MappedFile(const Path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

/// Creates a folder and its parents; no error when it exists. Throws kResource.
void CreateFolder(const Path& path);

/// Removes temporary files that a killed process left in `folder` (not in its subfolders).
void RemoveStaleTemporaries(const Path& folder);

}  // namespace milan
