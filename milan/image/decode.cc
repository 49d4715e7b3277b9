#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "milan/image/codec.h"
#include "milan/image/image.h"

namespace milan {
namespace {

struct Signature {
  std::string_view bytes;
  const char* format;
};
constexpr std::array kOtherFormats = {
    Signature{"GIF8", "a GIF"},
    Signature{"BM", "a BMP"},
    Signature{std::string_view("II*\0", 4), "a TIFF"},
    Signature{std::string_view("MM\0*", 4), "a TIFF"},
    Signature{"%PDF", "a PDF"},
    Signature{"version https://git-lfs", "a Git LFS pointer to a file that was not fetched"},
};

bool IsText(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || c == '\n' || c == '\r' || static_cast<unsigned char>(c) >= ' ';
  });
}

/// What a file that milan cannot decode looks like, as far as its first bytes tell.
std::string Describe(std::string_view text) {
  for (const Signature& signature : kOtherFormats) {
    if (text.starts_with(signature.bytes)) return std::string("looks like ") + signature.format;
  }
  const std::string_view brand = text.substr(std::min<size_t>(text.size(), 4), 8);
  if (brand.starts_with("ftypavif")) return "looks like an AVIF";
  if (brand.starts_with("ftyphei") || brand.starts_with("ftypmif1")) return "looks like a HEIC";
  const std::string_view beginning = text.substr(0, 512);
  const size_t first = beginning.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (!IsText(beginning)) return "of an unknown format";
  if (first != std::string_view::npos && beginning[first] == '<')
    return "looks like HTML or XML text";
  return "looks like text";
}

DecodeResult DecodeByContent(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\xFF\xD8")) return DecodeJpeg(bytes);
  if (text.starts_with("\x89PNG\r\n\x1A\n")) return DecodePng(bytes);
  if (text.starts_with("RIFF") && text.substr(0, 12).ends_with("WEBP")) return DecodeWebp(bytes);
  if (text.empty()) return {{}, "the file is empty"};
  return {{}, "not a JPEG, PNG or WebP file: " + Describe(text)};
}

}  // namespace

std::string SizeFailure(uint64_t width, uint64_t height) {
  if (width == 0 || height == 0) return "the picture has no pixels";
  if (width <= kLargestPhoto / height) return "";
  return "the picture of " + std::to_string(width) + " x " + std::to_string(height) +
         " pixels is too large (at most " + std::to_string(kLargestPhoto) + " pixels)";
}

void ComposeOverWhite(std::span<const uint8_t> rgba, uint8_t* rgb) {
  for (size_t i = 0; i < rgba.size(); i += 4) {
    const int alpha = rgba[i + 3];
    for (size_t channel = 0; channel < 3; ++channel)
      *rgb++ = static_cast<uint8_t>((rgba[i + channel] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
}

DecodeResult Decode(std::span<const std::byte> bytes) {
  try {
    return DecodeByContent(bytes);
  } catch (const std::bad_alloc&) {
    return {{}, "not enough memory to decode the picture"};
  }
}

}  // namespace milan
