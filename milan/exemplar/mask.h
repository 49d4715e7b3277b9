#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace milan {

/// What lies outside an activation map when it is upsampled.
enum class MaskBorder {
  kZeros,  ///< Zeros: values fade towards the border, as in the MILAN reference (method.md 1.4).
  kClamp   ///< The nearest value of the map.
};

/// Upsamples an activation map [height, width] to [out_height, out_width], bilinear with half-pixel
/// centres: source coordinate (i + 0.5) * size / out_size - 0.5. A dimension of size 1 is constant.
std::vector<float> UpsampleMap(std::span<const float> map, int height, int width, int out_height,
                               int out_width, MaskBorder border = MaskBorder::kZeros);

/// 1 where the upsampled map is strictly above the threshold, else 0; [out_height * out_width].
/// From the maps of an exemplar set, which are in half precision, pixels may differ whose value is
/// within 1/2048 of the threshold; all others are as from the exact maps.
std::vector<uint8_t> ComputeMask(std::span<const float> map, int height, int width, float threshold,
                                 int out_height, int out_width,
                                 MaskBorder border = MaskBorder::kZeros);

}  // namespace milan
