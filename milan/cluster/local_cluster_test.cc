#include "milan/cluster/local_cluster.h"

#include <chrono>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/cluster/block_counter.h"
#include "milan/cluster/mpi_cluster.h"

namespace milan {
namespace {

using testing::ElementsAre;

/// Runs `work` in every rank of a cluster of threads.
template <typename Work>
void InAllRanks(int size, const Work& work) {
  const LocalCluster cluster(size);
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < size; ++rank) {
    threads.emplace_back([&, rank] {
      const auto ranks = cluster.Join(rank);
      work(*ranks);
      ranks->Finish();
    });
  }
}

TEST(LocalCluster, MessagesArriveInOrder) {
  InAllRanks(3, [](Communicator& ranks) {
    const int to = (ranks.rank() + 1) % 3;
    for (int i = 0; i < 5; ++i) {
      ranks.Send(to, std::vector(static_cast<size_t>(i), std::byte{static_cast<uint8_t>(i)}));
    }
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(ranks.Receive((ranks.rank() + 2) % 3),
                std::vector(static_cast<size_t>(i), std::byte{static_cast<uint8_t>(i)}));
    }
  });
}

TEST(LocalCluster, BroadcastAndShareReachEveryRankOfAnyNumber) {
  for (int size = 1; size <= 9; ++size) {
    InAllRanks(size, [size](Communicator& ranks) {
      std::vector<std::byte> message;
      if (ranks.rank() == 0) message = {std::byte{1}, std::byte{2}};
      Broadcast(ranks, message);
      EXPECT_THAT(message, ElementsAre(std::byte{1}, std::byte{2}));
      const auto texts = Share(ranks, std::string(ranks.rank(), 'x'));
      ASSERT_EQ(std::ssize(texts), size);
      for (int rank = 0; rank < size; ++rank) EXPECT_EQ(texts[rank], std::string(rank, 'x'));
    });
  }
}

TEST(LocalCluster, EveryItemOfAJobIsTakenOnceAlsoWithASlowRank) {
  constexpr int64_t kItems = 1000;
  std::mutex mutex;
  std::vector<int> taken(kItems, 0);
  std::vector<int64_t> by_rank(4, 0);
  InAllRanks(4, [&](Communicator& ranks) {
    for (Block block = ranks.TakeBlock(7, kItems); !block.empty();
         block = ranks.TakeBlock(7, kItems)) {
      std::this_thread::sleep_for(std::chrono::microseconds(ranks.rank() == 3 ? 50'000 : 100));
      const std::lock_guard lock(mutex);
      for (int64_t item = block.begin; item < block.end; ++item) ++taken[item];
      by_rank[ranks.rank()] += block.end - block.begin;
    }
  });
  EXPECT_THAT(taken, testing::Each(1));
  EXPECT_LT(by_rank[3], kItems / 4) << "the slow rank was given as much as the others";
}

TEST(LocalCluster, JobsAreCountedApart) {
  const auto alone = LocalCluster(1).Join(0);
  while (!alone->TakeBlock(0, 10).empty()) {
  }
  EXPECT_EQ(alone->TakeBlock(1, 10).begin, 0);
  EXPECT_TRUE(alone->TakeBlock(2, 0).empty());
}

TEST(BlockCounter, BlocksAreLargeFirstAndSingleItemsAtTheEnd) {
  BlockCounter counter;
  EXPECT_EQ(counter.Take(0, 100'000, 2).end, 64);
  Block last;
  for (Block block = counter.Take(0, 100'000, 2); !block.empty();
       block = counter.Take(0, 100'000, 2)) {
    last = block;
  }
  EXPECT_EQ(last.begin, 99'999);
}

TEST(LocalCluster, StopWakesThoseWhoWait) {
  const LocalCluster cluster(2);
  const auto waits = cluster.Join(0);
  const std::jthread stopper([&] { cluster.Stop(); });
  EXPECT_THROW(waits->Receive(1), Error);
  EXPECT_THROW(waits->Finish(), Error);
}

TEST(LocalCluster, RanksOnTheSameProcessorsDivideThem) {
  std::mutex mutex;
  std::vector<int> shares;
  InAllRanks(4, [&](Communicator& ranks) {
    const int share = ShareOfProcessors(ranks);
    const std::lock_guard lock(mutex);
    shares.push_back(share);
  });
  const auto alone = LocalCluster(1).Join(0);
  EXPECT_THAT(shares, testing::Each(std::max(1, ShareOfProcessors(*alone) / 4)));
}

TEST(StartedByMpi, OnlySeveralRanksCount) {
  for (const char* name :
       {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMIX_RANK", "SLURM_STEP_NUM_TASKS"}) {
    unsetenv(name);
  }
  EXPECT_FALSE(IsStartedByMpi());
  setenv("OMPI_COMM_WORLD_SIZE", "1", 1);
  EXPECT_FALSE(IsStartedByMpi());
  setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
  EXPECT_TRUE(IsStartedByMpi());
  unsetenv("OMPI_COMM_WORLD_SIZE");
  setenv("PMIX_RANK", "0", 1);
  EXPECT_TRUE(IsStartedByMpi());
  setenv("SLURM_STEP_NUM_TASKS", "1", 1);
  EXPECT_FALSE(IsStartedByMpi());
}

}  // namespace
}  // namespace milan
