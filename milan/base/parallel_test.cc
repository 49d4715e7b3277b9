#include "milan/base/parallel.h"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace milan {
namespace {

TEST(Parallel, EveryItemIsDoneOnceWhateverTheWorkers) {
  for (const int workers : {1, 2, 7}) {
    for (const int64_t count : {0, 1, 1000}) {
      std::vector<std::atomic<int>> done(count);
      ParallelFor(workers, count, [&](int worker, int64_t item) {
        EXPECT_LT(worker, workers);
        ++done[item];
      });
      for (const auto& times : done) EXPECT_EQ(times, 1);
    }
  }
}

TEST(Parallel, AnExceptionStopsTheHandOutAndReachesTheCaller) {
  for (const int workers : {1, 3}) {
    std::atomic<int> done = 0;
    const auto run = [&] {
      ParallelFor(workers, 1'000'000, [&](int, int64_t item) {
        if (item == 10) throw std::runtime_error("item 10");
        ++done;
      });
    };
    EXPECT_THROW(run(), std::runtime_error);
    EXPECT_LT(done, 1'000'000);
  }
}

TEST(Parallel, ThereIsAlwaysAWorker) { EXPECT_GE(DefaultWorkers(), 1); }

}  // namespace
}  // namespace milan
