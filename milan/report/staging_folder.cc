#include "milan/report/staging_folder.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "milan/base/error.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// "runs/report/" and "runs/report" are the same folder; only the second has a file name.
Path WithoutTrailingSlash(Path path) {
  path = fs::absolute(path).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

Path Beside(const Path& target, const std::string& suffix) {
  return target.parent_path() / (target.filename().string() + suffix);
}

void RemoveFolder(const Path& folder) {
  std::error_code ignored;
  fs::remove_all(folder, ignored);
}

void Rename(const Path& from, const Path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw ResourceError(to.string() + ": cannot rename: " + error.message());
}

/// One flush for thousands of files: flushing each by itself would take longer than writing them.
void FlushFileSystem(const Path& folder) {
  const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool flushed = descriptor >= 0 && syncfs(descriptor) == 0;
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) close(descriptor);
  if (!flushed) throw ResourceError(folder.string() + ": cannot write to disk: " + reason);
}

void WriteAll(int descriptor, std::string_view content, const Path& path) {
  while (!content.empty()) {
    const ssize_t count = write(descriptor, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw ResourceError(path.string() + ": cannot write: " + std::strerror(errno));
    }
    content.remove_prefix(static_cast<size_t>(count));
  }
}

}  // namespace

StagingFolder::StagingFolder(Path target)
    : target_(WithoutTrailingSlash(std::move(target))),
      staging_(Beside(target_, ".milan-partial")) {
  RemoveFolder(staging_);
  CreateFolder(staging_);
}

StagingFolder::~StagingFolder() {
  if (!published_) RemoveFolder(staging_);
}

void StagingFolder::Write(const Path& relative, std::string_view content) const {
  const Path path = staging_ / relative;
  CreateFolder(path.parent_path());
  const int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    throw ResourceError(path.string() + ": cannot create: " + std::strerror(errno));
  }
  try {
    WriteAll(descriptor, content, path);
  } catch (...) {
    close(descriptor);
    throw;
  }
  // Some file systems (NFS, quotas) report a full disk only here.
  if (close(descriptor) != 0) {
    throw ResourceError(path.string() + ": cannot write: " + std::strerror(errno));
  }
}

void StagingFolder::Publish() {
  FlushFileSystem(staging_);
  const Path older = Beside(target_, ".milan-older");
  RemoveFolder(older);
  const bool replaces = fs::exists(target_);
  if (replaces) Rename(target_, older);
  try {
    Rename(staging_, target_);
  } catch (...) {
    if (replaces) Rename(older, target_);
    throw;
  }
  published_ = true;
  RemoveFolder(older);
}

}  // namespace milan
