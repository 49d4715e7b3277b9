#pragma once

// Private to this module: who keeps the list of jobs hands out its blocks with this.

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>

#include "milan/cluster/communicator.h"

namespace milan {

/// Hands out the items of jobs, each once. Thread-safe.
class BlockCounter {
 public:
  /// A share of what is left, so that the last blocks are single items and no rank waits long for
  /// another; at most kLargest, so that a rank that stops being fast holds little.
  Block Take(int64_t job, int64_t items, int ranks) {
    const std::lock_guard lock(mutex_);
    int64_t& next = next_[job];
    const int64_t left = items - next;
    const int64_t share = std::clamp<int64_t>(left / (8 * ranks), 1, kLargest);
    const Block block = {next, next + std::min(share, std::max<int64_t>(left, 0))};
    next = block.end;
    return block;
  }

 private:
  static constexpr int64_t kLargest = 64;
  std::mutex mutex_;
  std::map<int64_t, int64_t> next_;  ///< First item of each job that nobody has.
};

}  // namespace milan
