#include <cstdlib>
#include <string_view>

#include "milan/cluster/mpi_cluster.h"

namespace milan {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

bool IsStartedByMpi() {
  // Open MPI's mpirun, a PMI-2 launcher; the number of processes is known.
  for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    if (!Variable(name).empty()) return Variable(name) != "1";
  }
  // srun --mpi=pmix: the number is Slurm's.
  return !Variable("PMIX_RANK").empty() && Variable("SLURM_STEP_NUM_TASKS") != "1";
}

}  // namespace milan
