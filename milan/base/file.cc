#include "milan/base/file.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "milan/base/error.h"

namespace milan {
namespace {

constexpr std::string_view kTemporaryMark = ".milan-partial-";

std::string SystemReason() { return std::strerror(errno); }

/// Closes a descriptor when it goes out of scope.
struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) close(number);
  }
};

int OpenForReading(const Path& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw InputError(path.string() + ": cannot open: " + SystemReason());
  return descriptor;
}

size_t SizeOfRegularFile(int descriptor, const Path& path) {
  struct stat status = {};
  if (fstat(descriptor, &status) != 0) {
    throw InputError(path.string() + ": cannot read: " + SystemReason());
  }
  if (S_ISDIR(status.st_mode)) throw InputError(path.string() + ": is a folder, not a file");
  return static_cast<size_t>(status.st_size);
}

/// The rename itself must reach the disk too, or a power cut could undo it.
void FlushFolder(const Path& folder) {
  const Descriptor descriptor{
      open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (descriptor.number >= 0) fsync(descriptor.number);
}

}  // namespace

Path TemporaryBeside(const Path& path) {
  static std::atomic<unsigned> counter = 0;
  const std::string name = path.filename().string() + std::string(kTemporaryMark) +
                           std::to_string(getpid()) + "-" + std::to_string(counter++);
  return path.parent_path() / name;
}

std::string ReadFile(const Path& path) {
  const Descriptor descriptor{OpenForReading(path)};
  std::string content(SizeOfRegularFile(descriptor.number, path), '\0');
  size_t filled = 0;
  for (;;) {
    // Files such as pipes and those in /proc have no size: read until the end, whatever it said.
    if (filled == content.size()) content.resize(content.size() + 65536);
    const ssize_t count = read(descriptor.number, &content[filled], content.size() - filled);
    if (count < 0) {
      if (errno == EINTR) continue;
      throw InputError(path.string() + ": cannot read: " + SystemReason());
    }
    if (count == 0) break;
    filled += static_cast<size_t>(count);
  }
  content.resize(filled);
  return content;
}

std::string ReadFilePart(const Path& path, uint64_t offset, uint64_t size) {
  const Descriptor descriptor{OpenForReading(path)};
  const uint64_t available = SizeOfRegularFile(descriptor.number, path);
  if (offset > available || size > available - offset) {
    throw InputError(path.string() + ": ends before the part that should be there");
  }
  std::string content(size, '\0');
  size_t filled = 0;
  while (filled < size) {
    const ssize_t count = pread(descriptor.number, &content[filled], size - filled,
                                static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw InputError(path.string() + ": cannot read: " + SystemReason());
    if (count == 0) throw InputError(path.string() + ": became shorter while it was read");
    filled += static_cast<size_t>(count);
  }
  return content;
}

void WriteFileAtomically(const Path& path, std::string_view content) {
  AtomicFile file(path);
  file.Write(content);
  file.Commit();
}

AtomicFile::AtomicFile(Path path) : path_(std::move(path)), temporary_(TemporaryBeside(path_)) {
  descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (descriptor_ < 0) throw ResourceError(path_.string() + ": cannot create: " + SystemReason());
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  close(descriptor_);
  unlink(temporary_.c_str());
}

void AtomicFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(descriptor_, bytes.data(), bytes.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      throw ResourceError(path_.string() + ": cannot write: " + SystemReason());
    }
    bytes.remove_prefix(static_cast<size_t>(count));
  }
}

void AtomicFile::Write(std::span<const std::byte> bytes) {
  Write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void AtomicFile::Reserve(uint64_t size) {
  int error = 0;
  do {
    error = posix_fallocate(descriptor_, 0, static_cast<off_t>(size));
  } while (error == EINTR);
  if (error != 0) {
    throw ResourceError(path_.string() + ": cannot write " + std::to_string(size) +
                        " bytes: " + std::strerror(error));
  }
}

void AtomicFile::WriteAt(uint64_t offset, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count =
        pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0) {
      if (errno == EINTR) continue;
      throw ResourceError(path_.string() + ": cannot write: " + SystemReason());
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
    offset += static_cast<uint64_t>(count);
  }
}

void AtomicFile::Commit() {
  if (fsync(descriptor_) != 0 || close(std::exchange(descriptor_, -1)) != 0 ||
      rename(temporary_.c_str(), path_.c_str()) != 0) {
    const std::string reason = SystemReason();
    unlink(temporary_.c_str());
    throw ResourceError(path_.string() + ": cannot finish writing: " + reason);
  }
  FlushFolder(path_.parent_path());
}

void PublishFile(const Path& temporary, const Path& path) {
  const Descriptor descriptor{open(temporary.c_str(), O_RDONLY | O_CLOEXEC)};
  if (descriptor.number < 0 || fsync(descriptor.number) != 0 ||
      rename(temporary.c_str(), path.c_str()) != 0) {
    const std::string reason = SystemReason();
    unlink(temporary.c_str());
    throw ResourceError(path.string() + ": cannot finish writing: " + reason);
  }
  FlushFolder(path.parent_path());
}

MappedFile::MappedFile(const Path& path) {
  const Descriptor descriptor{OpenForReading(path)};
  const size_t size = SizeOfRegularFile(descriptor.number, path);
  if (size == 0) return;
  void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.number, 0);
  if (address == MAP_FAILED) throw InputError(path.string() + ": cannot map: " + SystemReason());
  bytes_ = {static_cast<const std::byte*>(address), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void CreateFolder(const Path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw ResourceError(path.string() + ": cannot create the folder: " + error.message());
}

void RemoveStaleTemporaries(const Path& folder) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.find(kTemporaryMark) != std::string::npos) {
      std::filesystem::remove(entry.path(), error);
    }
  }
}

}  // namespace milan
