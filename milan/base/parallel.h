#pragma once

#include <cstdint>
#include <functional>

namespace milan {

/// Number of workers to use when the user did not say: the processors this process may run on.
int DefaultWorkers();

/// Calls `work(worker, item)` for every item in [0, count), items handed out in ascending order to
/// `workers` threads; `worker` in [0, workers) names the thread so that it can own scratch space.
/// Returns when all are done. The first exception stops the hand-out and is rethrown here.
/// With one worker everything runs on the calling thread.
void ParallelFor(int workers, int64_t count, const std::function<void(int, int64_t)>& work);

}  // namespace milan
