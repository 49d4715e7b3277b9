#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/exemplar/mask.h"

namespace milan {

/// Why a unit has no exemplars worth describing.
enum class UnitState : uint8_t {
  kAlive = 0,
  kDead = 1,      ///< Its activation is 0 everywhere, on every photo.
  kConstant = 2,  ///< One value (not 0) everywhere, on every photo.
  kInvalid = 3    ///< Some activation is NaN or infinite.
};
std::string ToString(UnitState state);  ///< "alive", "dead", "constant", "invalid"

/// The exemplars of all units of one layer: read by every step after the tally.
/// Arrays are row-major in the order units, k, height, width; k is the number asked for, and a unit
/// that has seen fewer photos has photo id -1 in the remaining places.
struct ExemplarSet {
  std::string layer;
  int64_t units = 0;
  int64_t k = 0;
  int64_t height = 0;  ///< Size of the activation maps.
  int64_t width = 0;
  double quantile = 0.99;
  MaskBorder border = MaskBorder::kZeros;  ///< Of its masks.

  std::vector<int32_t> photo_ids;  ///< [units, k], best first (Excitation).
  std::vector<float> activations;  ///< [units, k], the peak: maximum of the map.
  /// [units, k, height, width], half precision: rounded to 11 significant bits and, beyond it, to
  /// the largest number of either sign (65504).
  std::vector<uint16_t> maps;
  std::vector<float> thresholds;  ///< [units], the quantile over all positions of all photos.
  std::vector<float> minima;      ///< [units], over all positions of all photos.
  std::vector<float> maxima;      ///< [units]
  std::vector<UnitState> states;  ///< [units]
  static constexpr int64_t kBins = 32;
  /// [units, kBins], how many activations lie in equal parts of [minimum, maximum], for display.
  /// Empty in imported sets, as are the counts.
  std::vector<uint64_t> distributions;
  std::vector<uint64_t>
      counts;  ///< [units, 4]: finite activations, zeros among them, NaN, infinite.

  /// Photos that unit `unit` really has as exemplars (<= k).
  int64_t CountOf(int64_t unit) const;
  /// True for an alive unit with exemplars: there is something to describe.
  bool IsDescribable(int64_t unit) const;
  int32_t PhotoId(int64_t unit, int64_t rank) const { return photo_ids[unit * k + rank]; }
  /// The activation map of one exemplar as floats [height * width].
  std::vector<float> Map(int64_t unit, int64_t rank) const;

  MapSize Size() const { return {static_cast<int>(height), static_cast<int>(width)}; }
  /// True for an alive unit whose threshold is its maximum: more than 1 - quantile of its
  /// activations lie at the cap of its activation function (ReLU6, sigmoid, ...).
  bool IsSaturated(int64_t unit) const;
  /// The mask of one exemplar: where the upsampled map is above the unit's threshold. Nothing is
  /// above that of a saturated unit; its masks are the surroundings of the positions at the cap:
  /// where these, upsampled as 1 among zeros, are above one half (decision record 0006).
  std::vector<uint8_t> Mask(int64_t unit, int64_t rank, MapSize out_size) const;

  /// Writes / reads exemplars/<layer>.safetensors (docs/formats.md). Save is atomic; Load checks
  /// every shape and throws kInput naming the file and tensor.
  void Save(const Path& path) const;
  static ExemplarSet Load(const Path& path);
};

/// File name of a layer inside a run's exemplars/ folder, without extension. Characters other than
/// ASCII letters, digits, '-', '_' and '.' (that not first) become %XX; the end of a name too long
/// for a file becomes a hash. So any layer name gives one valid name and no two the same.
std::string LayerFileName(const std::string& layer);

}  // namespace milan
