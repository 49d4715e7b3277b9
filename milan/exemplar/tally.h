#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/exemplar/exemplar_kind.h"
#include "milan/exemplar/exemplar_set.h"
#include "milan/exemplar/latent_set.h"
#include "milan/exemplar/run.h"
#include "milan/exemplar/tally_state.h"
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
  ExemplarKinds also = {};                 ///< Kinds of exemplars besides the strongest.
  bool strict = false;  ///< A broken photo stops the run instead of being skipped.
  // Affects speed only.
  int workers = 0;  ///< 0: one per processor.
};
/// Throws kUsage naming the option and its range.
void Validate(const TallyOptions& options);

/// What a tally reads. The engine's outputs are the layers, in this order. The photos of a
/// generator are those that its latents make: named in `photos`, without files.
struct TallyInput {
  Engine& engine;
  const std::vector<Layer>& layers;
  const PhotoSet& photos;
  const Preprocessing& preprocessing;
  const LatentSet* latents = nullptr;
};

/// Which photos, and what to do so that little is lost when the process ends before they are done.
struct TallyPlan {
  int64_t begin = 0;  ///< Photos [begin, end).
  int64_t end = 0;
  double save_every_seconds = 60;
  /// The next photo to tally; nothing when there are none left. From any worker. Not set: those of
  /// [begin, end) that the state has not seen, in order.
  std::function<std::optional<int64_t>()> take;
  /// Keeps the state. Called from time to time, and when the user asked to stop or a broken photo
  /// stops a strict run; not at the end.
  std::function<void(TallyState&)> save = [](TallyState&) {};
};

/// Streams the planned photos that the state has not seen yet through the engine, each once, and
/// adds them to it. The result depends neither on the number of workers nor on their order nor on
/// interruptions. Throws kInput at the first broken photo with `strict`; kCancelled when the user
/// asked to stop.
void ContinueTally(const TallyInput& input, const TallyOptions& options, const TallyPlan& plan,
                   TallyState& state, Progress& progress);

/// Throws kInput, naming the set and what is wrong with its first photo, when no photo that the
/// state has seen could be decoded.
void RequirePhotos(const TallyState& state, const PhotoSet& photos);

/// The exemplars of one layer of a state.
ExemplarSet FinishLayer(TallyState& state, size_t layer, const TallyOptions& options,
                        ExemplarKind kind = ExemplarKind::kStrongest);

struct TallyResult {
  std::vector<ExemplarSet> layers;  ///< In the order asked for.
  std::vector<PhotoRecord> photos;  ///< One per photo of the set.
};

/// All of the above at once, for sets of photos that take minutes.
TallyResult Tally(const TallyInput& input, const TallyOptions& options, Progress& progress);

}  // namespace milan
