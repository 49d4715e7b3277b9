#pragma once

// Private to this module.

#include <string>

#include "milan/base/file.h"

namespace milan {

/// A file name of its own in the system's folder for temporary files ($TMPDIR); whatever has been
/// written under it is removed at the end.
class TemporaryFile {
 public:
  /// Creates the file, empty. Throws kResource naming the folder.
  explicit TemporaryFile(const std::string& prefix);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const Path& path() const { return path_; }

 private:
  Path path_;
};

}  // namespace milan
