#include "cli/exemplar_ranks.h"

#include <utility>

#include "milan/base/error.h"
#include "milan/cluster/local_cluster.h"
#include "milan/cluster/mpi_cluster.h"
#include "milan/image/photo_set_bytes.h"

namespace milan {

std::unique_ptr<Communicator> JoinRanks() {
  return IsStartedByMpi() ? JoinMpiCluster() : LocalCluster(1).Join(0);
}

void SharePhotos(Communicator& ranks, PhotoSet& photos) {
  if (ranks.size() == 1) return;
  std::vector<std::byte> message;
  if (ranks.rank() == 0) message = ToBytes(photos);
  Broadcast(ranks, message);
  if (ranks.rank() != 0) photos = PhotoSetFromBytes(std::move(message));
}

void RequireSameRun(const TallyRunRequest& request, const PhotoSet& photos) {
  TallyRunRequest begun = request;
  begun.overwrite = false;
  if (InspectRun(begun, photos) != RunProgress::kNone) return;
  throw UsageError(request.folder.string() +
                   ": is not the folder that rank 0 sees; -o needs a file system that all ranks "
                   "share");
}

bool TellAll(Communicator& ranks, bool answer) {
  std::vector<std::byte> message = {std::byte{answer}};
  Broadcast(ranks, message);
  return message.at(0) != std::byte{0};
}

}  // namespace milan
