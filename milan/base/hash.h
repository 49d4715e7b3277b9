#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "milan/base/file.h"

struct XXH3_state_s;  // xxhash.h

namespace milan {

/// 128-bit XXH3 as 32 lower-case hexadecimal digits. Identifies content (networks, photos,
/// options); it is not a cryptographic signature.
std::string HashBytes(std::span<const std::byte> bytes);
std::string HashText(std::string_view text);

/// Hash of a file's content. Throws kInput naming the file.
std::string HashFile(const Path& path);

/// The same hash of bytes that come in pieces.
class Hasher {
 public:
  Hasher();
  void Add(std::span<const std::byte> bytes);
  std::string Finish() const;

 private:
  struct Free {
    void operator()(XXH3_state_s* state) const;
  };
  std::unique_ptr<XXH3_state_s, Free> state_;
};

}  // namespace milan
