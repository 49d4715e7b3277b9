#pragma once

#include <string_view>

#include "milan/base/file.h"

namespace milan {

/// A folder of many files that appears under its name only by `Publish`, whole, in place of an
/// older one. Without it the destructor removes what was written.
class StagingFolder {
 public:
  /// Creates an empty folder beside `target`, in place of one that a killed process left there.
  /// Throws kResource.
  explicit StagingFolder(Path target);
  ~StagingFolder();
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;

  /// Writes a file, creating its folder; may be called from several threads for different files.
  /// Throws kResource naming the file (disk full).
  void Write(const Path& relative, std::string_view content) const;

  /// Flushes everything to disk and renames. Throws kResource; then the older folder is still
  /// there.
  void Publish();

 private:
  Path target_;
  Path staging_;
  bool published_ = false;
};

}  // namespace milan
