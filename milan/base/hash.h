#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "milan/base/file.h"

namespace milan {

/// 128-bit XXH3 as 32 lower-case hexadecimal digits. Identifies content (networks, photos,
/// options); it is not a cryptographic signature.
std::string HashBytes(std::span<const std::byte> bytes);
std::string HashText(std::string_view text);

/// Hash of a file's content. Throws kInput naming the file.
std::string HashFile(const Path& path);

}  // namespace milan
