#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/progress.h"
#include "milan/captioner/encoder.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/exemplar/run.h"
#include "milan/text/unit_list.h"

namespace milan {

/// Weights with which one level of the encoder is averaged: only the positions that count.
struct PoolingWeights {
  std::vector<int32_t> positions;  ///< y * width + x
  std::vector<float> weights;
};

/// A mask [mask_height, mask_width] at the resolution of a level: bilinear with half-pixel centres,
/// clamped at the border and without antialiasing, then divided by its sum unless every element is
/// within 1e-8 of zero (method.md 2). From 224 only 2 x 2 mask pixels are read per cell of a level,
/// so small masks can vanish at coarse levels; that is the reference's behaviour and kept.
PoolingWeights PoolingWeightsOf(std::span<const uint8_t> mask, int mask_height, int mask_width,
                                int height, int width);

/// Weighted sums of a level [1, channels, height, width] over its positions; one per channel.
void Pool(const ArrayView& level, const PoolingWeights& weights, std::span<float> output);

/// Pools all `levels` of one photo under a mask and concatenates: the region features of one
/// exemplar. REQUIRES: `output` has the sum of the levels' channels as its size.
void PoolLevels(std::span<const ArrayView> levels, std::span<const uint8_t> mask, int mask_height,
                int mask_width, std::span<float> output);

/// The regions of one photo: features as the encoder's sidecar asks for them. Keeps a reference to
/// the levels.
class PhotoRegions {
 public:
  PhotoRegions(const Encoder& encoder, std::span<const ArrayView> levels);
  /// `mask` has the size of the encoder's input, `output` its feature size.
  void Pool(std::span<const uint8_t> mask, std::span<float> output) const;

 private:
  const Encoder& encoder_;
  std::span<const ArrayView> levels_;
  std::vector<float> photo_;  ///< Means over the photo, when they are features.
};

/// Some units of one layer of a run.
struct UnitSelection {
  const ExemplarSet* exemplars = nullptr;
  std::vector<int64_t> units;  ///< Each with at least one exemplar.
};

/// Region features [units, k, features] of all selected units, in order of selection. Every photo
/// goes through the encoder once, however many exemplars show it. The encoder sees the part of the
/// photo that the described network saw; masks are upsampled to the encoder's input. A unit with
/// fewer than k exemplars repeats them in turn.
/// All selections must have the same k. Throws kInput naming a photo that is gone or unreadable.
Array ComputeRegionFeatures(const Run& run, std::span<const UnitSelection> selections,
                            const Encoder& encoder, int workers, Progress& progress);

/// The same by name. REQUIRES: `units` are grouped by layer, each with at least one exemplar.
Array ComputeRegionFeatures(const Run& run, const std::vector<UnitName>& units,
                            const Encoder& encoder, int workers, Progress& progress);

}  // namespace milan
