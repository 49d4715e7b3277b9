#pragma once

#include <memory>

#include "milan/cluster/communicator.h"

namespace milan {

/// Ranks that are threads of this process. One process alone is a cluster of one; tests run
/// several. Thread-safe.
class LocalCluster {
 public:
  explicit LocalCluster(int size);

  /// The communicator of one rank. It may outlive this object.
  std::unique_ptr<Communicator> Join(int rank) const;
  /// Every call that waits for another rank, now or later, throws kCancelled: what AbortCluster
  /// does to processes.
  void Stop() const;

  class Shared;  ///< What the ranks have in common.

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace milan
