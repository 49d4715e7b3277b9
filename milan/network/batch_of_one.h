#pragma once

#include <memory>

#include "milan/network/engine.h"
#include "milan/network/network.h"

namespace milan {

/// For networks whose file fixes a batch of more than one. milan computes every photo alone.

/// How many photos the network takes at once: more than 1 where its file fixes a batch.
int64_t FixedBatch(const Network& network);

/// The network with the batch of its inputs written as 1, when it then computes the same: tried out
/// by running both. Otherwise, and when no batch is fixed, the network as it is. Some graphs cannot
/// be changed so: their Reshape nodes hold the batch, too.
Network WithBatchOfOne(const Network& network);

/// An engine that takes one photo at a time, whatever batch the network's file fixes: the photo
/// fills all places of the batch, so that values that mix the batch see nothing else, and outputs
/// are those of the first place. Such a network costs as many photos as its batch holds. For other
/// networks the same as CreateEngine, which throws what this throws.
std::unique_ptr<Engine> CreateEngineForOne(const Network& network,
                                           const EngineOptions& options = {});

}  // namespace milan
