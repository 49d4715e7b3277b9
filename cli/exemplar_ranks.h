#pragma once

#include <memory>

#include "milan/cluster/communicator.h"
#include "milan/exemplar/tally_run.h"
#include "milan/image/photo_set.h"

namespace milan {

/// The processes that share the exemplar step: those that mpirun started together, or this one
/// alone. Throws kUsage when mpirun started a milan that was built without MPI.
std::unique_ptr<Communicator> JoinRanks();

/// Gives all ranks the photos that rank 0 has listed.
void SharePhotos(Communicator& ranks, PhotoSet& photos);

/// Holds what a rank was asked for, and sees of the run's folder, against what rank 0 has begun
/// there. Throws kUsage naming the difference.
void RequireSameRun(const TallyRunRequest& request, const PhotoSet& photos);

/// Gives all ranks what rank 0 says.
bool TellAll(Communicator& ranks, bool answer);

}  // namespace milan
