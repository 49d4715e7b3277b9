#include "milan/base/hash.h"

#include <xxhash.h>

namespace milan {

std::string HashBytes(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  XXH128_canonical_t canonical;  // big-endian: the same text on every machine
  XXH128_canonicalFromHash(&canonical, hash);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * sizeof(canonical.digest));
  for (const unsigned char byte : canonical.digest) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

std::string HashText(std::string_view text) { return HashBytes(std::as_bytes(std::span(text))); }

std::string HashFile(const Path& path) { return HashBytes(MappedFile(path).bytes()); }

}  // namespace milan
