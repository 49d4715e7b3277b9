// The properties of local_cluster_test.cc between processes: `mpirun -n 3 milan_mpi_cluster_test`.
// Messages travel in small parts, so that what happens to those beyond 1 GiB happens here. With a
// number of bytes as argument it sends one message of that size in parts of the usual size.

#include "milan/cluster/mpi_cluster.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>

#include "milan/base/error.h"

namespace milan {
namespace {

std::vector<std::byte> Pattern(size_t size, int seed) {
  std::vector<std::byte> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251 + seed);
  return bytes;
}

/// Every rank to its right neighbour, in the order of the sizes; even ranks send first.
void CheckMessages(Communicator& ranks, const std::vector<size_t>& sizes) {
  const int to = (ranks.rank() + 1) % ranks.size();
  const int from = (ranks.rank() + ranks.size() - 1) % ranks.size();
  const auto send = [&] {
    for (const size_t size : sizes) ranks.Send(to, Pattern(size, ranks.rank()));
  };
  if (ranks.rank() != 0) send();
  for (const size_t size : sizes) {
    MILAN_CHECK(ranks.Receive(from) == Pattern(size, from), "a message arrived changed");
  }
  if (ranks.rank() == 0) send();
}

/// Several threads of each rank take blocks, the last rank slowly; every item comes out once.
void CheckBlocks(Communicator& ranks) {
  constexpr int64_t kItems = 5000;
  int64_t sum = 0;
  int64_t count = 0;
  std::mutex mutex;
  const auto take = [&] {
    for (Block block = ranks.TakeBlock(3, kItems); !block.empty();
         block = ranks.TakeBlock(3, kItems)) {
      const std::lock_guard lock(mutex);
      for (int64_t item = block.begin; item < block.end; ++item, ++count) sum += item * item;
      if (ranks.rank() == ranks.size() - 1)
        std::this_thread::sleep_for(std::chrono::milliseconds(40));
    }
  };
  {
    const std::jthread first(take);
    const std::jthread second(take);
  }
  int64_t all = 0;
  int64_t all_counts = 0;
  for (const std::string& one : Share(ranks, std::to_string(sum))) all += std::stoll(one);
  for (const std::string& one : Share(ranks, std::to_string(count))) all_counts += std::stoll(one);
  MILAN_CHECK(all_counts == kItems, "items are missing or came twice");
  MILAN_CHECK(all == (kItems - 1) * kItems * (2 * kItems - 1) / 6, "other items");
}

void CheckCollectives(Communicator& ranks) {
  std::vector<std::byte> message;
  if (ranks.rank() == 0) message = Pattern(12345, 5);
  Broadcast(ranks, message);
  MILAN_CHECK(message == Pattern(12345, 5), "a broadcast arrived changed");
  const auto texts = Share(ranks, std::string(ranks.rank(), 'x'));
  for (int rank = 0; rank < ranks.size(); ++rank) {
    MILAN_CHECK(texts.at(rank) == std::string(rank, 'x'), "a text of another rank");
  }
  MILAN_CHECK(ShareOfProcessors(ranks) >= 1, "no processor");
}

void Check(Communicator& ranks, const char* size) {
  if (size != nullptr) {
    CheckMessages(ranks, {std::strtoull(size, nullptr, 10)});
  } else {
    CheckMessages(ranks, {0, 1, 999, 1000, 1001, 1'000'000, 3});
    CheckBlocks(ranks);
    CheckCollectives(ranks);
  }
  ranks.Finish();
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  using namespace milan;
  try {
    MILAN_CHECK(IsStartedByMpi() && !IsInMpiCluster(), "start this with mpirun");
    const auto ranks = argc > 1 ? JoinMpiCluster() : JoinMpiCluster(1000);
    MILAN_CHECK(IsInMpiCluster(), "not joined");
    Check(*ranks, argc > 1 ? argv[1] : nullptr);
    MILAN_CHECK(!IsInMpiCluster(), "not finished");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    if (IsInMpiCluster()) AbortMpiCluster(1, 0);
    return 1;
  }
  return 0;
}
