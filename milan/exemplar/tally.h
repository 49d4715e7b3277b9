#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/exemplar/run.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"

namespace milan {

struct TallyOptions {
  // Affects results.
  int64_t k = 15;  ///< Exemplars per unit (paper: 15).
  double quantile =
      0.99;  ///< Of all activations of the unit; above it a region counts (paper: 0.99).
  MaskBorder border = MaskBorder::kZeros;  ///< What lies outside a map (reference: zeros).
  bool strict = false;  ///< A broken photo stops the run instead of being skipped.
  // Affects speed only.
  int workers = 0;  ///< 0: one per processor.
};
/// Throws kUsage naming the option and its range.
void Validate(const TallyOptions& options);

struct TallyResult {
  std::vector<ExemplarSet> layers;  ///< In the order asked for.
  std::vector<PhotoRecord> photos;  ///< One per photo of the set.
  double seconds = 0;
};

/// Streams every photo once through the engine, whose outputs are `layers` in this order, and
/// returns the exemplars of all their units. Results do not depend on the number of workers or
/// their order. Throws kInput when no photo could be decoded, or with `strict` at the first broken
/// one; kCancelled when the user asked to stop.
TallyResult Tally(Engine& engine, const std::vector<Layer>& layers, const PhotoSet& photos,
                  const Preprocessing& preprocessing, const TallyOptions& options,
                  Progress& progress);

}  // namespace milan
