// Loaded into milan before the C library (LD_PRELOAD), this makes writing to files fail as disks
// and networks do. MILAN_WRITES=short: each call writes a part only, sometimes interrupted by a
// signal. MILAN_WRITES=fail:N: the disk is full after N bytes, in the middle of a write.

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

namespace {

std::atomic<uint64_t> calls = 0;
std::atomic<uint64_t> written = 0;

bool IsFile(int descriptor) {
  struct stat status;
  return fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

/// Bytes that this call may write of `size`; -1: it fails, and errno says why.
ssize_t Allowed(size_t size) {
  const char* mode = std::getenv("MILAN_WRITES");
  if (mode == nullptr || size == 0) return static_cast<ssize_t>(size);
  const uint64_t call = calls++;
  if (std::strcmp(mode, "short") == 0) {
    if (call % 5 == 4) {
      errno = EINTR;
      return -1;
    }
    return static_cast<ssize_t>(1 + call * 7919 % size);
  }
  const uint64_t room = std::strtoull(mode + std::strlen("fail:"), nullptr, 10);
  const uint64_t before = written.fetch_add(size);
  if (before >= room) {
    errno = ENOSPC;
    return -1;
  }
  return static_cast<ssize_t>(before + size <= room ? size : room - before);
}

template <typename Function>
Function Original(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t write(int descriptor, const void* bytes, size_t size) {
  static const auto original = Original<ssize_t (*)(int, const void*, size_t)>("write");
  if (!IsFile(descriptor)) return original(descriptor, bytes, size);
  const ssize_t allowed = Allowed(size);
  return allowed < 0 ? allowed : original(descriptor, bytes, static_cast<size_t>(allowed));
}

extern "C" ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  static const auto original = Original<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  if (!IsFile(descriptor)) return original(descriptor, bytes, size, offset);
  const ssize_t allowed = Allowed(size);
  return allowed < 0 ? allowed : original(descriptor, bytes, static_cast<size_t>(allowed), offset);
}
