#include "milan/base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <sched.h>

#include "milan/base/error.h"

namespace milan {

int DefaultWorkers() {
  // Not std::thread::hardware_concurrency, which does not know of taskset and containers' cpusets.
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

void ParallelFor(int workers, int64_t count, const std::function<void(int, int64_t)>& work) {
  MILAN_CHECK(workers >= 1, "ParallelFor needs a worker");
  if (workers == 1) {
    for (int64_t item = 0; item < count; ++item) work(0, item);
    return;
  }
  std::atomic<int64_t> next = 0;
  std::exception_ptr first_exception;
  std::mutex mutex;
  const auto run = [&](int worker) {
    try {
      for (int64_t item = next++; item < count; item = next++) work(worker, item);
    } catch (...) {
      next = count;  // the others stop after the item they are at
      const std::lock_guard lock(mutex);
      if (!first_exception) first_exception = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> threads;
    const int useful = static_cast<int>(std::min<int64_t>(workers, std::max<int64_t>(count, 1)));
    threads.reserve(useful);
    for (int worker = 0; worker < useful; ++worker) threads.emplace_back(run, worker);
  }
  if (first_exception) std::rethrow_exception(first_exception);
}

}  // namespace milan
