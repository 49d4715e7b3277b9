#include "milan/base/hash.h"

#include <new>

#include <xxhash.h>

namespace milan {
namespace {

std::string ToHexadecimal(XXH128_hash_t hash) {
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

}  // namespace

std::string HashBytes(std::span<const std::byte> bytes) {
  return ToHexadecimal(XXH3_128bits(bytes.data(), bytes.size()));
}

std::string HashText(std::string_view text) { return HashBytes(std::as_bytes(std::span(text))); }

std::string HashFile(const Path& path) { return HashBytes(MappedFile(path).bytes()); }

void Hasher::Free::operator()(XXH3_state_s* state) const { XXH3_freeState(state); }

Hasher::Hasher() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_.get());
}

void Hasher::Add(std::span<const std::byte> bytes) {
  XXH3_128bits_update(state_.get(), bytes.data(), bytes.size());
}

std::string Hasher::Finish() const { return ToHexadecimal(XXH3_128bits_digest(state_.get())); }

}  // namespace milan
