#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"

namespace milan {

/// What an encoder's features tell of an exemplar (member "regions" of its sidecar).
enum class Regions {
  /// "masked": each level averaged under the mask, as the reference does (PoolLevels).
  kMasked,
  /// "in context": each level averaged under the mask by area, so that no mask is too small; the
  /// same levels averaged over the whole photo; where the mask lies and how it is formed.
  kInContext,
};
/// Throws kInput naming `file` when it is neither.
Regions ParseRegions(const std::string& name, const std::string& file);

/// Cells per side of the coarse mask among the shape's features.
inline constexpr int kShapeCells = 7;
/// The coarse mask, then area, centre, spread, slant, outline and the part touched.
inline constexpr int64_t kShapeFeatures = kShapeCells * kShapeCells + 9;

/// Number of features of a region when all levels together have `channels`.
int64_t RegionFeatureSize(Regions regions, int64_t channels);

/// Share of each cell of a height x width grid that a mask covers: cells are averaged exactly,
/// also where their borders cut pixels.
std::vector<float> Coverage(std::span<const uint8_t> mask, int mask_height, int mask_width,
                            int height, int width);

/// Means of a level [1, channels, height, width] over all its positions.
std::vector<float> MeanOverPhoto(const ArrayView& level);

/// Features of a region in context: `photo` holds MeanOverPhoto of all `levels`, one after another.
void PoolInContext(std::span<const ArrayView> levels, std::span<const float> photo,
                   std::span<const uint8_t> mask, int mask_height, int mask_width,
                   std::span<float> output);

}  // namespace milan
