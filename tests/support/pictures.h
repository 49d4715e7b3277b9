#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "milan/base/random.h"
#include "milan/image/image.h"

namespace milan {

/// A picture with another colour at every pixel and sharp steps: what a mistake in any index
/// changes.
inline Image PatternImage(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c)
        image.pixels.push_back(static_cast<uint8_t>(x * 37 + y * 91 + c * 53));
    }
  }
  return image;
}

inline Image NoiseImage(int width, int height, uint64_t seed) {
  Random random(seed);
  Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3)};
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.Below(256));
  return image;
}

/// A colour that changes slowly, so that JPEG keeps it nearly.
inline Image GradientImage(int width, int height) {
  Image image{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixels.push_back(static_cast<uint8_t>(255 * x / width));
      image.pixels.push_back(static_cast<uint8_t>(255 * y / height));
      image.pixels.push_back(128);
    }
  }
  return image;
}

/// The part of an image with that corner and size.
inline Image CutOut(const Image& image, int left, int top, int width, int height) {
  Image part{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3)};
  for (int y = 0; y < height; ++y)
    std::memcpy(&part.pixels[static_cast<size_t>(y) * width * 3],
                &image.pixels[(static_cast<size_t>(top + y) * image.width + left) * 3],
                static_cast<size_t>(width) * 3);
  return part;
}

inline std::span<const std::byte> BytesOf(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace milan
