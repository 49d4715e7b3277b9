#pragma once

#include <string>

#include "milan/base/file.h"

namespace milan {

/// A file of its own in the system's folder for temporary files ($TMPDIR), open for reading and
/// writing. At the end it is removed, with whatever has been written under its name.
class TemporaryFile {
 public:
  /// Creates the file, empty. Throws kResource naming the folder.
  explicit TemporaryFile(const std::string& prefix);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  int descriptor() const { return descriptor_; }
  const Path& path() const { return path_; }
  /// Leaves the descriptor only: the file is gone when the process ends, however it ends.
  void RemoveName();

 private:
  Path path_;
  int descriptor_ = -1;
};

}  // namespace milan
