#include "milan/exemplar/reduce_state.h"

#include <string>
#include <utility>
#include <vector>

namespace milan {
namespace {

/// A state of one layer. The photos travel with the first.
std::vector<TallyState> Divide(TallyState& state) {
  std::vector<TallyState> parts(state.layers.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].names.push_back(state.names[i]);
    parts[i].layers.push_back(std::move(state.layers[i]));
  }
  parts.front().photos = std::move(state.photos);
  state.layers.clear();
  return parts;
}

void Join(std::vector<TallyState>& parts, TallyState& state) {
  for (TallyState& part : parts) state.layers.push_back(std::move(part.layers.front()));
  state.photos = std::move(parts.front().photos);
}

}  // namespace

void ReduceState(Communicator& ranks, TallyState& state) {
  std::vector<TallyState> parts = Divide(state);
  const int rank = ranks.rank();
  for (int distance = 1; distance < ranks.size(); distance *= 2) {
    if ((rank & distance) != 0) {
      for (TallyState& part : parts) {
        ranks.Send(rank - distance, StateToBytes(part));
        part = {};
      }
      return;
    }
    const int from = rank + distance;
    if (from >= ranks.size()) continue;
    for (TallyState& part : parts) {
      Merge(part, StateFromBytes("state of rank " + std::to_string(from), ranks.Receive(from)));
    }
  }
  Join(parts, state);
}

}  // namespace milan
