#include "milan/base/temporary_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "milan/base/error.h"

namespace milan {

TemporaryFile::TemporaryFile(const std::string& prefix) {
  std::error_code error;
  const Path folder = std::filesystem::temp_directory_path(error);
  std::string name = (folder / (prefix + "-XXXXXX")).string();
  if (!error) descriptor_ = mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) {
    throw ResourceError("no temporary file can be written in '" + folder.string() +
                        "': " + (error ? error.message() : std::strerror(errno)) +
                        "; set TMPDIR to a folder with room");
  }
  path_ = name;
}

TemporaryFile::~TemporaryFile() {
  RemoveName();
  close(descriptor_);
}

void TemporaryFile::RemoveName() {
  if (path_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
  path_.clear();
}

}  // namespace milan
