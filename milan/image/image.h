#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace milan {

/// An 8-bit RGB picture, rows top to bottom, 3 bytes per pixel, no padding.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> pixels;  ///< height * width * 3

  bool operator==(const Image&) const = default;
};

/// A rectangle in pixel coordinates of an image (edges, not centres): [left, right) x [top,
/// bottom).
struct Box {
  double left = 0;
  double top = 0;
  double right = 0;
  double bottom = 0;
};

/// Result of decoding: an image, or the reason why there is none (an expected failure of one item,
/// so a value and not an exception).
struct DecodeResult {
  Image image;
  std::string failure;  ///< Empty when decoding succeeded.

  bool ok() const { return failure.empty(); }
};

/// Decodes to RGB: JPEG (grey, RGB, CMYK/YCCK), PNG (grey, palette, 16 bit) or WebP (no animation);
/// alpha over white, EXIF orientation of JPEG and WebP applied. Recognises the format by content.
/// Never throws for bad bytes; images of more than 2^28 pixels are refused.
/// A file that ends too early, or lacks the data of some rows, is a failure; other damage is
/// tolerated as Pillow does.
DecodeResult Decode(std::span<const std::byte> bytes);

/// JPEG file of an image. quality in 1..100.
std::string EncodeJpeg(const Image& image, int quality);
/// PNG file of an image, lossless.
std::string EncodePng(const Image& image);

/// Resamples the part `box` of `image` to width x height with PIL's BILINEAR filter (triangle,
/// widened when shrinking: antialias), horizontally then vertically with 8-bit rounding between, as
/// Pillow does and therefore torchvision's Resize on PIL images. REQUIRES: box inside the image,
/// sizes >= 1.
Image Resize(const Image& image, const Box& box, int width, int height);
/// The whole image.
Image Resize(const Image& image, int width, int height);

}  // namespace milan
