// What stands for MPI in a build without it (MILAN_MPI=OFF).

#include "milan/base/error.h"
#include "milan/cluster/mpi_cluster.h"

namespace milan {

std::unique_ptr<Communicator> JoinMpiCluster(size_t) {
  throw UsageError(
      "started by mpirun or srun as one of several ranks, but this milan was built without MPI; "
      "build it with Open MPI (-DMILAN_MPI=ON), or divide the photos with --shard");
}

bool IsInMpiCluster() { return false; }
std::string MpiRankName() { return ""; }
void AbortMpiCluster(int, double) {
  FailCheck("IsInMpiCluster()", __FILE__, __LINE__, "there is no MPI to abort");
}

}  // namespace milan
