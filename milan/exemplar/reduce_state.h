#pragma once

#include "milan/cluster/communicator.h"
#include "milan/exemplar/tally_state.h"

namespace milan {

/// Brings the states of all ranks together in rank 0, along a tree: in each of log2(ranks) steps
/// half of the ranks that are left give theirs to the other half. Layer by layer, so that beside
/// its state a rank holds one layer more. The states of the other ranks are empty afterwards.
/// Called by all ranks. Throws kInput as Merge.
void ReduceState(Communicator& ranks, TallyState& state);

}  // namespace milan
