#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "milan/image/image.h"

namespace milan {

/// Pixels of a photo that milan decodes at most: a small file can claim any size, and memory is
/// taken only for what passes this test.
constexpr uint64_t kLargestPhoto = uint64_t{1} << 28;

/// Empty when a picture of that size may be decoded, else the reason why not.
std::string SizeFailure(uint64_t width, uint64_t height);

/// Decoders of one format each, for bytes that begin as that format does. Never throw for bad bytes
/// (std::bad_alloc passes).
DecodeResult DecodeJpeg(std::span<const std::byte> bytes);
DecodeResult DecodePng(std::span<const std::byte> bytes);
DecodeResult DecodeWebp(std::span<const std::byte> bytes);

/// 8-bit RGBA over white, as every format's alpha is treated. `rgb` may begin where `rgba` does.
void ComposeOverWhite(std::span<const uint8_t> rgba, uint8_t* rgb);

}  // namespace milan
