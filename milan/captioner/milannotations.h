#pragma once

#include <vector>

#include "milan/captioner/training_data.h"
#include "milan/exemplar/milan_layout.h"
#include "milan/text/unit_list.h"

namespace milan {

// Private to the module: exemplars in the original's layout (MILANNOTATIONS) as they are published,
// without making a run of them first.

/// True when `folder` is no run but holds masks.npy, or folders that do.
bool IsMilanLayout(const Path& folder);

/// The exemplars of a folder as training sees them: a run whose manifest says what identifies it,
/// without photos and files of its own. The arrays stay on disk. Throws kInput naming the file that
/// does not fit, and where images.npy is missing (of photographs that may not be shared).
struct MilanExemplars {
  Run run;
  std::vector<MilanLayer> layers;
};
MilanExemplars OpenMilanExemplars(const Path& folder);

/// True when a unit has exemplars and they say something: import.h's state is alive.
bool IsUsable(const MilanLayer& layer, int64_t unit);

/// Region features [units, k, features] of `units`, as ComputeRegionFeatures gives them of the run
/// that ImportExemplars makes. Every picture goes through the encoder once; of the arrays no more
/// than one picture and its masks per worker are in use, so memory is the features alone.
Array ComputeRegionFeatures(const MilanExemplars& exemplars, const std::vector<UnitName>& units,
                            const Encoder& encoder, int workers, Progress& progress);

}  // namespace milan
