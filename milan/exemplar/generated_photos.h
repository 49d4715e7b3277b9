#pragma once

// Private to this module: the pictures of a generator that a run keeps, in its folder photos/.

#include <cstdint>
#include <set>
#include <vector>

#include "milan/base/progress.h"
#include "milan/exemplar/latent_set.h"
#include "milan/exemplar/tally_state.h"
#include "milan/network/engine.h"

namespace milan {

/// The photos that some unit of some layer of the state keeps.
std::set<int32_t> KeptIds(const TallyState& state);

/// Makes these pictures anew and writes them. The engine's only output is the picture: what else is
/// tapped may change a value's last bits, and pictures shall not depend on it.
void WriteGeneratedPhotos(const Path& run, const std::set<int32_t>& ids, const LatentSet& latents,
                          Engine& engine, int workers, Progress& progress);

/// Takes these pictures from the parts of a run, each from the one that has it. Throws kInput
/// naming the picture when none has.
void CopyGeneratedPhotos(const std::vector<Path>& parts, const Path& run,
                         const std::set<int32_t>& ids);

/// What photos.csv says of a generator's photos: size and hash of those pictures that the run has.
void RecordGeneratedPhotos(const Path& run, const std::set<int32_t>& ids, TallyState& state);

}  // namespace milan
