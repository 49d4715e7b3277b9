#pragma once

// Private to this module: the steps by which a run folder comes to be.

#include "milan/exemplar/run.h"
#include "milan/exemplar/tally.h"
#include "milan/exemplar/unit_table.h"

namespace milan {

/// For runs that cannot be continued. Throws kUsage when the folder holds something that such a run
/// may not replace: anything but a run, and a complete run without `overwrite`.
void RefuseFolder(const Path& folder, bool overwrite);

/// Makes the folder that of a run just begun, without what was there.
void BeginRun(const Path& folder, const RunManifest& manifest);

/// Writes the exemplars of a state that has seen all photos, and frees its statistics. Returns what
/// there is to say of the units.
std::vector<UnitFacts> SaveExemplars(const Path& folder, TallyState& state,
                                     const TallyOptions& options);

/// Writes photos.csv, units.csv and the manifest's last word; the photos are those of a state that
/// has seen all. The facts may be in any order of the layers.
void CompleteRun(const Path& folder, RunManifest manifest, const TallyState& state,
                 const std::vector<UnitFacts>& facts);

}  // namespace milan
