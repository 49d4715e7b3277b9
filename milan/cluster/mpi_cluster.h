#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "milan/cluster/communicator.h"

namespace milan {

/// True when mpirun, or srun with PMI, started this process as one of several. Looks at the
/// environment only, so that other starts cost nothing.
bool IsStartedByMpi();

/// Joins the ranks that were started together; once per process. Throws kUsage when this milan was
/// built without MPI. Messages longer than `largest_part` travel in parts (MPI counts are ints).
/// Destroyed without Finish it leaves MPI as it is: waiting for the others there would hang when a
/// rank fails.
std::unique_ptr<Communicator> JoinMpiCluster(size_t largest_part = size_t{1} << 30);

/// True from JoinMpiCluster until Finish: a failure must then end all ranks.
bool IsInMpiCluster();
/// "rank 3 of 8 (node-2)". REQUIRES: IsInMpiCluster().
std::string MpiRankName();
/// Ends all ranks, this one included, with that exit code. First waits up to `patience` seconds
/// for the others to come here too, such as when the user stops all of them and each keeps its
/// state. REQUIRES: IsInMpiCluster().
[[noreturn]] void AbortMpiCluster(int exit_code, double patience);

}  // namespace milan
