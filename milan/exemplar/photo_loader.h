#pragma once

// Private to this module: what a tally takes its inputs from. A photo set and a latent set are the
// same to all that follows: numbered photos that become the network's inputs.

#include <cstdint>
#include <functional>
#include <vector>

#include "milan/base/array.h"
#include "milan/exemplar/run.h"
#include "milan/exemplar/tally.h"

namespace milan {

/// Puts the network's inputs for one photo into `inputs` and tells what is known of the photo; with
/// a failure there is nothing to run. From any thread.
using PhotoLoader = std::function<PhotoRecord(int64_t id, std::vector<Array>& inputs)>;

PhotoLoader LoaderOf(const TallyInput& input);

/// Arrays for a loader to fill, one set per worker.
std::vector<Array> EmptyInputs(const TallyInput& input);

}  // namespace milan
