#include "milan/image/exif.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

namespace milan {
namespace {

constexpr std::string_view kExifSignature("Exif\0\0", 6);
constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShortType = 3;
constexpr size_t kEntryBytes = 12;

/// Unsigned integers of either byte order; nothing beyond the end.
class TiffReader {
 public:
  TiffReader(std::span<const std::byte> bytes, bool big_endian)
      : bytes_(bytes), big_endian_(big_endian) {}

  std::optional<uint32_t> Read(size_t offset, size_t size) const {
    if (offset > bytes_.size() || size > bytes_.size() - offset) return std::nullopt;
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      const size_t place = big_endian_ ? i : size - 1 - i;
      value = (value << 8) | std::to_integer<uint32_t>(bytes_[offset + place]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool big_endian_;
};

std::optional<uint32_t> FindOrientation(const TiffReader& tiff) {
  const auto directory = tiff.Read(4, 4);
  if (tiff.Read(2, 2) != 42U || !directory) return std::nullopt;
  const auto entries = tiff.Read(*directory, 2);
  for (size_t i = 0; i < entries.value_or(0); ++i) {
    const size_t entry = size_t{*directory} + 2 + i * kEntryBytes;
    const auto tag = tiff.Read(entry, 2);
    if (!tag) return std::nullopt;
    if (tag == kOrientationTag && tiff.Read(entry + 2, 2) == kShortType)
      return tiff.Read(entry + 8, 2);
  }
  return std::nullopt;
}

}  // namespace

int ReadOrientation(std::span<const std::byte> app1) {
  const std::string_view text(reinterpret_cast<const char*>(app1.data()), app1.size());
  if (!text.starts_with(kExifSignature)) return 1;
  return ReadTiffOrientation(app1.subspan(kExifSignature.size()));
}

int ReadTiffOrientation(std::span<const std::byte> tiff) {
  const std::string_view text(reinterpret_cast<const char*>(tiff.data()), tiff.size());
  const std::string_view order = text.substr(0, 2);
  if (order != "MM" && order != "II") return 1;
  const auto found = FindOrientation(TiffReader(tiff, order == "MM"));
  return found && 1 <= *found && *found <= 8 ? static_cast<int>(*found) : 1;
}

Image Upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool transposed = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation >= 7;
  const bool from_bottom =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  // Walks the stored pixels: `along` from one pixel of a result's row to the next, `down` from row
  // to row, starting at the stored pixel that is shown at the top left.
  const ptrdiff_t row = ptrdiff_t{image.width} * 3;
  const ptrdiff_t column_step = from_right ? -3 : 3;
  const ptrdiff_t row_step = from_bottom ? -row : row;
  const ptrdiff_t along = transposed ? row_step : column_step;
  const ptrdiff_t down = transposed ? column_step : row_step;
  const uint8_t* start = image.pixels.data() + (from_right ? row - 3 : 0) +
                         (from_bottom ? row * (image.height - 1) : 0);

  Image result{image.width, image.height, std::vector<uint8_t>(image.pixels.size())};
  if (transposed) std::swap(result.width, result.height);
  uint8_t* output = result.pixels.data();
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x, output += 3)
      std::memcpy(output, start + y * down + x * along, 3);
  }
  return result;
}

}  // namespace milan
