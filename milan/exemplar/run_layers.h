#pragma once

#include <string>
#include <vector>

#include "milan/exemplar/run.h"

namespace milan {

/// The layers of the run that the patterns (milan/network/layer.h) select, in its order; all of
/// them without patterns. Throws kUsage with the nearest names.
std::vector<RunLayer> SelectRunLayers(const Run& run, const std::vector<std::string>& patterns);

}  // namespace milan
