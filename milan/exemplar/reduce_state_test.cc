#include "milan/exemplar/reduce_state.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/cluster/local_cluster.h"
#include "milan/exemplar/tally.h"
#include "milan/exemplar/test_activations.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

constexpr int64_t kPhotos = 60;
constexpr int64_t kUnits = 5;

std::vector<Layer> Layers() {
  return {{"maps", "Relu", Layout::kMap, {1, kUnits, 3, 2}, kUnits, 3, 2},
          {"vector", "Gemm", Layout::kVector, {1, kUnits}, kUnits, 1, 1}};
}

/// What a rank knows that has seen every photo `id` with `id % ranks == rank`.
TallyState StateOf(int rank, int ranks) {
  TallyState state = EmptyState(Layers(), kPhotos, {4});
  for (int64_t id = rank; id < kPhotos; id += ranks) {
    state.photos[id] = PhotoRecord{std::to_string(id), 10, "hash", 8, 8, ""};
    const auto seed = static_cast<uint64_t>(id);
    state.layers[0].Add(static_cast<int32_t>(id),
                        {{kUnits, 3, 2}, RandomActivations(kUnits * 6, seed, true)});
    state.layers[1].Add(static_cast<int32_t>(id),
                        {{kUnits}, RandomActivations(kUnits, seed + 1000, false)});
  }
  return state;
}

/// The files of exemplars and photos that a state gives.
std::string ResultOf(TallyState& state) {
  const TemporaryFolder folder;
  std::string result;
  for (size_t layer = 0; layer < state.layers.size(); ++layer) {
    FinishLayer(state, layer, {}).Save(folder / "layer");
    result += ReadFile(folder / "layer");
  }
  std::vector<PhotoRecord> photos;
  for (const auto& photo : state.photos) photos.push_back(photo.value());
  return result + ToCsv(photos);
}

TEST(ReduceState, AnyNumberOfRanksGivesTheBytesOfOne) {
  TallyState whole = StateOf(0, 1);
  const std::string expected = ResultOf(whole);
  for (int size = 1; size <= 9; ++size) {
    const LocalCluster cluster(size);
    std::string reduced;
    {
      std::vector<std::jthread> threads;
      for (int rank = 0; rank < size; ++rank) {
        threads.emplace_back([&, rank] {
          const auto ranks = cluster.Join(rank);
          TallyState state = StateOf(rank, size);
          ReduceState(*ranks, state);
          if (rank == 0) reduced = ResultOf(state);
          EXPECT_EQ(state.layers.empty(), rank != 0);
        });
      }
    }
    EXPECT_TRUE(reduced == expected) << size << " ranks";
  }
}

TEST(ReduceState, AStateInMemoryIsTheFile) {
  const TemporaryFolder folder;
  TallyState state = StateOf(1, 3);
  SaveState(folder / "state", state);
  const std::vector<std::byte> bytes = StateToBytes(state);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()),
            ReadFile(folder / "state"));
}

}  // namespace
}  // namespace milan
