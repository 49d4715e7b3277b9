#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/cluster/communicator.h"
#include "milan/exemplar/run.h"
#include "milan/exemplar/tally.h"
#include "milan/image/photo_set.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"

namespace milan {

/// A tally whose result is a run folder. Killed at any moment, the same request continues from its
/// last checkpoint, and the result is byte for byte that of an uninterrupted one.
struct TallyRunRequest {
  Path folder;
  /// What is wanted: network, photo set, preprocessing, layers, k, quantile, border, shard.
  RunManifest manifest;
  TallyOptions options;  ///< Agrees with the manifest.
  bool overwrite = false;
  double save_every_seconds = 60;
  uint64_t memory_limit = 0;  ///< Bytes; 0: none.
  /// Of a generator, as in the manifest: then the photos are those that the latents make.
  std::shared_ptr<const LatentSet> latents;
  /// Who shares the work; all have the same request, but for `workers`. Not set: this process
  /// alone.
  Communicator* ranks = nullptr;
};

/// Gives the network with these layers as outputs; without any, a generator whose output is the
/// picture.
using EngineFactory = std::function<std::unique_ptr<Engine>(const std::vector<Layer>& layers)>;

/// Layers that are tallied together. As many passes over the photos as there are parts.
using Passes = std::vector<std::vector<Layer>>;

/// Bytes that a pass holds at most: the statistics of every worker.
uint64_t LargestPassBytes(const std::vector<Layer>& layers, const TallyOptions& options);
/// Divides the layers, in order, into as few passes as the limit allows (0: one pass). Throws
/// kUsage when one layer alone is beyond it, saying how much it needs.
Passes PlanPasses(const std::vector<Layer>& layers, const TallyRunRequest& request);

/// What a folder already has of a request.
enum class RunProgress { kNone, kBegun, kComplete };
/// Throws kUsage, naming the difference, when the folder holds a run of another request or
/// something else than a run, unless the request overwrites.
RunProgress InspectRun(const TallyRunRequest& request, const PhotoSet& photos);

/// Makes the folder ready: begun, unless what it has can be continued. Throws as InspectRun.
RunProgress PrepareRun(const TallyRunRequest& request, const PhotoSet& photos);

/// Tallies what is missing in a folder that is ready and completes the run. A shard is complete
/// with its state; whole runs get their exemplars. Several ranks share the folder and each call
/// this; the first writes the result, which does not depend on their number, and all keep
/// checkpoints. Throws kUsage when a photo changed since the run began. A generator's run gets the
/// pictures that are exemplars, in photos/.
void MakeTallyRun(const TallyRunRequest& request, const std::vector<Layer>& layers,
                  const PhotoSet& photos, const EngineFactory& make_engine, Progress& progress);

/// Joins the complete shards of one run, given in any order, in `output`; the result is byte for
/// byte that of one run over all photos. Throws kUsage naming what differs, overlaps or is missing.
void MergeShards(const std::vector<Path>& shards, const Path& output, bool overwrite);

/// What differs in two manifests apart from shard and progress; empty when nothing does.
std::string Difference(const RunManifest& run, const RunManifest& wanted);

}  // namespace milan
