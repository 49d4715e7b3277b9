#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace milan {

/// Height and width, in positions of a map or in pixels.
struct MapSize {
  int height = 0;
  int width = 0;
  size_t Count() const { return static_cast<size_t>(height) * static_cast<size_t>(width); }
};

/// What lies outside an activation map when it is upsampled.
enum class MaskBorder {
  kZeros,  ///< Zeros: values fade towards the border, as in the MILAN reference (method.md 1.4).
  kClamp   ///< The nearest value of the map.
};

std::string ToString(MaskBorder border);              ///< "zeros", "clamp"
MaskBorder ParseMaskBorder(const std::string& text);  ///< Throws kUsage.

/// Upsamples an activation map of that size, bilinear with half-pixel centres: source coordinate
/// (i + 0.5) * size / out_size - 0.5. A dimension of size 1 is constant.
std::vector<float> UpsampleMap(std::span<const float> map, MapSize size, MapSize out_size,
                               MaskBorder border = MaskBorder::kZeros);

/// 1 where the upsampled map is strictly above the threshold, else 0.
/// From the maps of an exemplar set, which are in half precision, pixels may differ whose value is
/// within 1/2048 of the threshold; all others are as from the exact maps.
std::vector<uint8_t> ComputeMask(std::span<const float> map, MapSize size, float threshold,
                                 MapSize out_size, MaskBorder border = MaskBorder::kZeros);

}  // namespace milan
