#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/exemplar/generated_photos.h"
#include "milan/exemplar/run_steps.h"
#include "milan/exemplar/tally_run.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

struct ShardRun {
  Path folder;
  RunManifest manifest;
};

ShardRun OpenShard(const Path& folder) {
  ShardRun shard = {folder, ReadRunManifest(folder)};
  if (shard.manifest.shard.count == 1) {
    throw UsageError(folder.string() + ": is a whole run, not a part made with --shard");
  }
  if (!shard.manifest.complete) {
    throw UsageError(folder.string() + ": is incomplete; repeat the command that began it");
  }
  return shard;
}

/// The shards in order. Throws kUsage unless they are all parts of one run, each once.
std::vector<ShardRun> OpenShards(const std::vector<Path>& folders) {
  std::vector<ShardRun> shards;
  for (const Path& folder : folders) shards.push_back(OpenShard(folder));
  std::sort(shards.begin(), shards.end(), [](const ShardRun& a, const ShardRun& b) {
    return a.manifest.shard.index < b.manifest.shard.index;
  });
  const ShardRun& first = shards.front();
  const int count = first.manifest.shard.count;
  for (const ShardRun& shard : shards) {
    std::string difference = Difference(shard.manifest, first.manifest);
    if (difference.empty() && shard.manifest.shard.count != count) {
      difference =
          fmt::format("--shard {}/{}", shard.manifest.shard.index, shard.manifest.shard.count);
    }
    if (difference.empty()) continue;
    throw UsageError(fmt::format("{}: was made with {}, unlike {}", shard.folder.string(),
                                 difference, first.folder.string()));
  }
  for (int index = 1; index <= count; ++index) {
    const auto found = std::count_if(shards.begin(), shards.end(), [&](const ShardRun& shard) {
      return shard.manifest.shard.index == index;
    });
    if (found == 1) continue;
    throw UsageError(fmt::format("part {} of {} is {}", index, count,
                                 found == 0 ? "missing" : "there more than once"));
  }
  return shards;
}

std::set<std::string> StateFiles(const Path& folder) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "state")) {
    if (entry.path().extension() == ".safetensors") names.insert(entry.path().filename());
  }
  return names;
}

/// The merged state of one pass.
TallyState MergePass(const std::vector<ShardRun>& shards, const std::string& file) {
  TallyState state = LoadState(shards.front().folder / "state" / file);
  for (size_t i = 1; i < shards.size(); ++i) {
    Merge(state, LoadState(shards[i].folder / "state" / file));
  }
  if (state.Seen() != shards.front().manifest.photo_count) {
    throw InputError(fmt::format("the parts have seen {} of the {} photos", state.Seen(),
                                 shards.front().manifest.photo_count));
  }
  return state;
}

}  // namespace

void MergeShards(const std::vector<Path>& folders, const Path& output, bool overwrite) {
  MILAN_CHECK(!folders.empty(), "nothing to merge");
  const std::vector<ShardRun> shards = OpenShards(folders);
  const std::set<std::string> files = StateFiles(shards.front().folder);
  for (const ShardRun& shard : shards) {
    if (StateFiles(shard.folder) == files) continue;
    throw UsageError(shard.folder.string() +
                     ": its layers were divided into passes by another --memory than those of " +
                     shards.front().folder.string());
  }
  TallyRunRequest request;
  request.folder = output;
  request.manifest = shards.front().manifest;
  request.manifest.shard = {};
  request.manifest.complete = false;
  request.overwrite = overwrite;
  if (InspectRun(request, {}) != RunProgress::kNone) {
    throw UsageError(output.string() + ": holds a run already; --overwrite replaces it");
  }
  TallyOptions options;
  options.quantile = request.manifest.quantile;
  options.border = request.manifest.border;
  options.also = request.manifest.also;
  BeginRun(output, request.manifest);
  TallyState state;
  std::vector<UnitFacts> facts;
  std::set<int32_t> kept;
  for (const std::string& file : files) {
    state = MergePass(shards, file);
    if (request.manifest.latents) kept.merge(KeptIds(state));
    for (UnitFacts& fact : SaveExemplars(output, state, options)) facts.push_back(std::move(fact));
  }
  if (request.manifest.latents) {
    CopyGeneratedPhotos(folders, output, kept);
    RecordGeneratedPhotos(output, kept, state);
  }
  CompleteRun(output, request.manifest, state, facts);
}

}  // namespace milan
