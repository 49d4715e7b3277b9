#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace milan {

/// A mask (0 and 1, any shape, row-major) as printable text: the lengths of its runs of equal
/// values, alternating, the first one of zeros (length 0 when the mask starts with ones).
///
/// A length is written five bits at a time, lowest first, each with a sixth bit that says whether
/// more follow, as a digit of the alphabet A-Z a-z 0-9 - _. Lengths below 32, nearly all of them,
/// take one character. web/scripts/mask.js reads it back.
std::string EncodeMask(std::span<const uint8_t> mask);

}  // namespace milan
