#pragma once

// Private to this module: the steps by which a run folder comes to be.

#include "milan/exemplar/run.h"
#include "milan/exemplar/tally.h"

namespace milan {

/// Makes the folder that of a run just begun, without what was there.
void BeginRun(const Path& folder, const RunManifest& manifest);

/// Writes the exemplars of a state that has seen all photos, and frees its statistics.
void SaveExemplars(const Path& folder, TallyState& state, const TallyOptions& options);

/// Writes photos.csv and the manifest's last word; the state has seen all photos.
void CompleteRun(const Path& folder, RunManifest manifest, const TallyState& state);

}  // namespace milan
