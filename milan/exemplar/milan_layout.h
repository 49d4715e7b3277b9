#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/base/npy.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/exemplar/mask.h"
#include "milan/image/image.h"

namespace milan {

// The files in which the original MILAN keeps the exemplars of a layer (docs/formats.md).
constexpr const char* kImagesFile = "images.npy";
constexpr const char* kMasksFile = "masks.npy";
constexpr const char* kIdsFile = "ids.csv";
constexpr const char* kActivationsFile = "activations.csv";
constexpr const char* kUnitsFile = "units.npy";

/// One layer folder in the original's layout, opened and checked: what is stated in one file fits
/// the others. The pixels stay in the files.
struct MilanLayer {
  Path folder;
  std::string name;  ///< Of the layer.
  int64_t k = 0;
  std::vector<int64_t> units;      ///< Of the rows of all arrays; ascending.
  std::vector<int32_t> photo_ids;  ///< [rows, k]; -1 where there is no exemplar.
  std::vector<float> activations;  ///< [rows, k]; NaN without activations.csv.
  MapSize size;                    ///< Of masks and images.
  NpyFile masks;                   ///< U8 or bool [rows, k, 1, height, width]
  std::optional<NpyFile> images;   ///< U8 [rows, k, 3, height, width]; absent without images.npy.

  /// Mask and image of an exemplar, by its place row * k + rank.
  std::span<const std::byte> MaskBytes(int64_t index) const {
    return masks.bytes().subspan(static_cast<size_t>(index) * size.Count(), size.Count());
  }
  std::span<const std::byte> ImageBytes(int64_t index) const {
    return images->bytes().subspan(static_cast<size_t>(index) * 3 * size.Count(), 3 * size.Count());
  }
};

/// The layers in `folder`, which is one layer's folder (it has masks.npy) or holds such folders, in
/// the order of their names as text. Throws kInput naming the file that is missing or does not fit.
std::vector<MilanLayer> OpenMilanLayers(const Path& folder);

/// The name of the layer that LayerFileName gave that name; other names are layers' names as they
/// are, as the original's are.
std::string LayerOfFolder(const std::string& folder_name);

/// What can be told of a unit without its other activations: those of its exemplars, and whether
/// one of their masks has a pixel.
UnitState ImportedState(std::span<const float> activations, bool has_mask);

/// A picture as the original stores it: [3, height, width], each pixel the one that it falls into
/// (nearest: floor(i * from / to)).
std::vector<uint8_t> ToPlanes(const Image& picture, MapSize size);
/// The picture that such planes show.
Image FromPlanes(std::span<const std::byte> planes, MapSize size);

}  // namespace milan
