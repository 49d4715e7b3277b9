#pragma once

#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/gates.h"
#include "milan/network/network.h"

namespace milan {

/// The mean of every unit of each layer, over all positions of all photos; broken photos are left
/// out with a warning. Independent of the number of workers (0: one per processor), to the bit.
/// Throws kUsage as Network::Tap; kInput when no photo could be decoded.
std::vector<std::vector<float>> UnitMeans(const Network& network,
                                          const std::vector<UnitAxis>& layers,
                                          const PhotoSet& photos,
                                          const Preprocessing& preprocessing, int workers,
                                          Progress& progress);

}  // namespace milan
