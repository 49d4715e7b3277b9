#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "milan/base/progress.h"
#include "milan/exemplar/run.h"
#include "milan/text/unit_list.h"

namespace milan {

/// A unit with the photos that are its exemplars, as numbers that two runs share.
struct UnitPhotos {
  UnitName unit;
  std::vector<int64_t> photos;
};

/// Two units, one of each run, that answer to the same photos.
struct UnitPair {
  UnitName a;
  UnitName b;
  int64_t shared = 0;  ///< Exemplar photos of both.
  /// Probability that chance alone, drawing exemplars from all photos, gives so many to any of the
  /// pairs that were possible (hypergeometric; Bonferroni). Photos that excite many units make it
  /// too small.
  double p_value = 1;
};

/// The pairs of units that share most photos with each other (ties: the first unit) and more than
/// chance explains (p_value < kAlpha), in the order of `a`. `photo_count` photos are common to both
/// runs.
std::vector<UnitPair> PairByPhotos(std::span<const UnitPhotos> a, std::span<const UnitPhotos> b,
                                   int64_t photo_count);

/// Pairs of two runs: of layers of the same name, or, when they have none in common, of any two
/// layers. Photos are the same when their content is. Throws kInput when the runs have fewer than
/// two photos in common: then nothing can be said. Reads all exemplars.
std::vector<UnitPair> PairUnits(const Run& a, const Run& b, Progress& progress);

}  // namespace milan
