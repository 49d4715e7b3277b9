// What bringing the states of many ranks together costs, with synthetic activations: 64 ranks, each
// of which has seen some photos of a network's layers, are reduced in this process along the tree
// that ranks of real machines use (milan/exemplar/reduce_state.h), one pair after the other.
//
//   reduction_bench [RANKS [PHOTOS_PER_RANK]]
//
// Prints the size of a state, the bytes of each level and the time of one pair per level: on real
// machines the pairs of a level work at the same time, so the sum of these is the time of a
// reduction without its network. At the end the result is held against one rank that has seen all.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "milan/base/hash.h"
#include "milan/exemplar/tally.h"
#include "milan/exemplar/tally_state.h"
#include "milan/exemplar/test_activations.h"

namespace milan {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// ResNet-18's last value of each map size.
std::vector<Layer> Layers() {
  std::vector<Layer> layers;
  for (const auto& [units, side] : {std::pair{64, 56}, {128, 28}, {256, 14}, {512, 7}}) {
    layers.push_back({"layer" + std::to_string(layers.size() + 1),
                      "Relu",
                      Layout::kMap,
                      {1, units, side, side},
                      units,
                      side,
                      side});
  }
  return layers;
}

/// Random values of units of different scale; one long table, from another place for each photo.
class Activations {
 public:
  Activations() : values_(RandomActivations(1 << 22, 1, true)) {}

  void AddPhoto(TallyState& state, int64_t id) {
    state.photos[id] = PhotoRecord{"n01440764/photo_" + std::to_string(id) + ".JPEG",
                                   110'000,
                                   HashText(std::to_string(id)),
                                   500,
                                   375,
                                   ""};
    for (LayerStatistics& layer : state.layers) {
      const int64_t positions = layer.height() * layer.width();
      map_.resize(layer.units() * positions);
      const size_t start = HashOf(id, layer.units()) % (values_.size() / 2);
      for (size_t i = 0; i < map_.size(); ++i) {
        const auto scale = static_cast<float>(1 + i / positions % 17);
        map_[i] = values_[(start + i) % values_.size()] * scale;
      }
      layer.Add(static_cast<int32_t>(id), {{layer.units(), layer.height(), layer.width()}, map_});
    }
  }

 private:
  static uint64_t HashOf(int64_t id, int64_t units) {
    return (static_cast<uint64_t>(id) * 2654435761U + static_cast<uint64_t>(units)) * 40503U;
  }
  std::vector<float> values_;
  std::vector<float> map_;
};

std::string ResultOf(TallyState& state) {
  std::string result;
  for (size_t i = 0; i < state.layers.size(); ++i) {
    const ExemplarSet set = FinishLayer(state, i, {});
    for (const auto part :
         {std::as_bytes(std::span(set.thresholds)), std::as_bytes(std::span(set.photo_ids)),
          std::as_bytes(std::span(set.maps))}) {
      result += HashBytes(part);
    }
  }
  return result;
}

struct Level {
  int messages = 0;
  uint64_t bytes = 0;
  double slowest = 0;  ///< Seconds of the slowest pair: both ends, without the network.
};

/// One message of the tree: what ReduceState does on both ends.
void ReducePair(TallyState& to, TallyState from, Level& level) {
  const auto start = Clock::now();
  std::vector<std::byte> message = StateToBytes(from);
  level.bytes += message.size();
  ++level.messages;
  Merge(to, StateFromBytes("message", std::move(message)));
  level.slowest = std::max(level.slowest, SecondsSince(start));
}

void Reduce(int ranks, int64_t photos_per_rank) {
  const std::vector<Layer> layers = Layers();
  const int64_t photos = ranks * photos_per_rank;
  Activations activations;
  TallyState whole = EmptyState(layers, photos, {15});
  for (int64_t id = 0; id < photos; ++id) activations.AddPhoto(whole, id);
  std::vector<TallyState> states;
  for (int rank = 0; rank < ranks; ++rank) {
    states.push_back(EmptyState(layers, photos, {15}));
    for (int64_t id = rank; id < photos; id += ranks) activations.AddPhoto(states[rank], id);
  }
  std::printf("%d ranks, %lld photos each; state of rank 0: %.1f MB\n", ranks,
              static_cast<long long>(photos_per_rank),
              static_cast<double>(StateToBytes(states[0]).size()) / 1e6);
  double total = 0;
  for (int distance = 1; distance < ranks; distance *= 2) {
    Level level;
    for (int rank = 0; rank + distance < ranks; rank += 2 * distance) {
      ReducePair(states[rank], std::exchange(states[rank + distance], {}), level);
    }
    total += level.slowest;
    std::printf("distance %2d: %2d messages of %.1f MB on average, slowest pair %.2f s\n", distance,
                level.messages, static_cast<double>(level.bytes) / level.messages / 1e6,
                level.slowest);
  }
  std::printf("critical path %.2f s; result %s\n", total,
              ResultOf(states[0]) == ResultOf(whole) ? "equal to one rank's" : "DIFFERS");
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  try {
    milan::Reduce(argc > 1 ? std::atoi(argv[1]) : 64, argc > 2 ? std::atoi(argv[2]) : 30);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
