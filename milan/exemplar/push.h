#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/progress.h"
#include "milan/exemplar/run.h"
#include "milan/exemplar/tally.h"
#include "milan/exemplar/tally_state.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"

// For programs that compute activations themselves, in whatever framework, and want milan's
// exemplars of them (docs/library.md):
//
//   TallyState state = BeginTally({{"layer3", 256, 14, 14}}, photos.photos.size());
//   for each batch of photos: PushActivations(state, photo_ids, activations);
//   WritePushedRun(request, photos, std::move(state), progress);   // or FinishLayer(state, 0, {})
//
// States of several threads or machines are joined by Merge, and kept by SaveState and LoadState;
// the result depends neither on the order of the photos nor on how they were divided.

namespace milan {

/// A state that has seen none of `photo_count` photos; k exemplars per unit, and as many of the
/// kinds in `also`. Throws kUsage: no layers, two of one name, sizes below 1, k outside of 1 to
/// 1000.
TallyState BeginTally(const std::vector<RunLayer>& layers, size_t photo_count, int64_t k = 15,
                      const ExemplarKinds& also = {});

/// Adds n photos. `activations` has one array per layer, in the layers' order, row-major:
/// [n, units, height, width] or, where maps are 1 x 1, [n, units]; of one photo also without the n.
/// Not thread-safe: one state per thread.
/// Each photo can be added once. Throws kInput, and adds nothing, when a photo id is outside of the
/// state's photos, comes twice in `photo_ids` or was added before, and when an array has another
/// shape or not as many values as its shape says. A unit with NaN or infinite activations becomes
/// kInvalid.
void PushActivations(TallyState& state, std::span<const int32_t> photo_ids,
                     std::span<const ArrayView> activations);

struct PushedRunRequest {
  Path folder;          ///< Made when it is missing.
  std::string network;  ///< What it is called; milan does not read it.
  /// How photos became the network's input: masks lie on the part of the photo that it saw.
  Preprocessing preprocessing;
  /// k is the state's, `also` what it was begun with; `strict`: all photos must have been pushed.
  TallyOptions options;
  bool overwrite = false;  ///< Replace a run that is in the folder.
};

/// Writes a complete run, as `milan exemplars` does; `milan describe RUN` and `milan report RUN` go
/// on from it. The photos are those whose ids the state speaks of. A photo that was not pushed is a
/// skipped one.
/// Throws kUsage (the folder is in use, another number of photos, options), kInput naming the photo
/// (pushed, but not readable; or not pushed, with `strict`), kResource.
Run WritePushedRun(const PushedRunRequest& request, const PhotoSet& photos, TallyState state,
                   Progress& progress);

}  // namespace milan
