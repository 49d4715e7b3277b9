#include "milan/network/temporary_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include <unistd.h>

#include "milan/base/error.h"

namespace milan {

TemporaryFile::TemporaryFile(const std::string& prefix) {
  std::error_code error;
  const Path folder = std::filesystem::temp_directory_path(error);
  std::string name = (folder / (prefix + "-XXXXXX")).string();
  const int descriptor = error ? -1 : mkstemp(name.data());
  if (descriptor < 0) {
    throw ResourceError("no temporary file can be written in '" + folder.string() +
                        "': " + (error ? error.message() : std::strerror(errno)) +
                        "; set TMPDIR to a folder with room");
  }
  close(descriptor);
  path_ = name;
}

TemporaryFile::~TemporaryFile() {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace milan
