#include "milan/exemplar/tally_run.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/parallel.h"
#include "milan/exemplar/run_steps.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

int WorkersOf(const TallyOptions& options) {
  return options.workers > 0 ? options.workers : DefaultWorkers();
}

KeptPhotos KeptBy(const TallyOptions& options) { return PhotosToKeep(options.k, options.also); }

std::vector<std::string> NamesOf(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

/// The checkpoint of a pass. Named after its layers: with another memory limit, another division.
Path StatePath(const Path& folder, const std::vector<Layer>& pass) {
  std::string names;
  for (const Layer& layer : pass) names += layer.name + '\n';
  return folder / "state" / (HashText(names) + ".safetensors");
}

/// Holds every photo that a state has seen against today's file, by its content.
void CheckPhotos(const TallyState& state, const PhotoSet& photos, int workers, const Path& folder) {
  ParallelFor(workers, std::ssize(state.photos), [&](int, int64_t id) {
    const auto& before = state.photos[id];
    if (!before) return;
    const Photo& now = photos.photos[id];
    std::string hash;
    if (before->name == now.name && before->bytes == now.bytes) hash = HashPhoto(photos, id);
    if (hash == before->hash) return;
    throw UsageError(folder.string() + ": photo " + before->name +
                     " has changed since the run began; restore it, or --overwrite to begin anew");
  });
}

/// Every pass reads the photos anew, and must find the same ones.
void CheckSamePhotos(const TallyState& before, const TallyState& now, const Path& folder) {
  for (size_t id = 0; id < before.photos.size(); ++id) {
    if (!before.photos[id] || before.photos[id]->hash == now.photos[id]->hash) continue;
    throw InputError(folder.string() + ": photo " + before.photos[id]->name +
                     " changed from one pass to the next; --overwrite begins anew");
  }
}

/// The photos of a shard: contiguous, so that archives are read from front to back.
TallyPlan PlanOf(const TallyRunRequest& request, int64_t photo_count) {
  const Shard& shard = request.manifest.shard;
  TallyPlan plan;
  plan.begin = photo_count * (shard.index - 1) / shard.count;
  plan.end = photo_count * shard.index / shard.count;
  plan.save_every_seconds = request.save_every_seconds;
  return plan;
}

/// One pass: continued from its checkpoint, if there is one.
TallyState RunPass(const TallyRunRequest& request, const std::vector<Layer>& pass,
                   const PhotoSet& photos, const EngineFactory& make_engine, Progress& progress) {
  const Path path = StatePath(request.folder, pass);
  TallyState state = EmptyState(pass, photos.photos.size(), KeptBy(request.options));
  if (fs::exists(path)) {
    state = LoadState(path);
    if (state.photos.size() != photos.photos.size() || state.names != NamesOf(pass)) {
      throw InputError(path.string() +
                       ": is not the checkpoint of this run; --overwrite begins anew");
    }
    CheckPhotos(state, photos, WorkersOf(request.options), request.folder);
    progress.Note(fmt::format("{} photos were already seen", state.Seen()));
  }
  TallyPlan plan = PlanOf(request, std::ssize(photos.photos));
  if (state.Seen() == plan.end - plan.begin) return state;
  plan.save = [&](TallyState& partial) { SaveState(path, partial); };
  const auto engine = make_engine(pass);
  ContinueTally({*engine, pass, photos, request.manifest.preprocessing}, request.options, plan,
                state, progress);
  return state;
}

}  // namespace

uint64_t LargestPassBytes(const std::vector<Layer>& layers, const TallyOptions& options) {
  uint64_t bytes = 0;
  for (const Layer& layer : layers) {
    bytes += LayerStatistics::LargestBytes(layer.units, layer.height, layer.width, KeptBy(options));
  }
  return bytes * static_cast<uint64_t>(WorkersOf(options));
}

Passes PlanPasses(const std::vector<Layer>& layers, const TallyRunRequest& request) {
  const uint64_t limit = request.memory_limit;
  const int workers = WorkersOf(request.options);
  Passes passes = {{}};
  for (const Layer& layer : layers) {
    const uint64_t alone = LargestPassBytes({layer}, request.options);
    if (limit > 0 && alone > limit) {
      throw UsageError(fmt::format(
          "--memory: layer '{}' alone needs up to {} MB with {} workers; allow more, or fewer "
          "workers (-j)",
          layer.name, (alone + 999'999) / 1'000'000, workers));
    }
    std::vector<Layer> longer = passes.back();
    longer.push_back(layer);
    if (limit == 0 || LargestPassBytes(longer, request.options) <= limit) {
      passes.back() = std::move(longer);
    } else {
      passes.push_back({layer});
    }
  }
  return passes;
}

RunProgress PrepareRun(const TallyRunRequest& request, const PhotoSet& photos) {
  const RunProgress progress = InspectRun(request, photos);
  if (progress == RunProgress::kNone) BeginRun(request.folder, request.manifest);
  return progress;
}

void MakeTallyRun(const TallyRunRequest& request, const std::vector<Layer>& layers,
                  const PhotoSet& photos, const EngineFactory& make_engine, Progress& progress) {
  CreateFolder(request.folder / "state");
  const Passes passes = PlanPasses(layers, request);
  const bool is_shard = request.manifest.shard.count > 1;
  TallyState state;
  std::vector<UnitFacts> facts;
  for (const std::vector<Layer>& pass : passes) {
    TallyState of_pass = RunPass(request, pass, photos, make_engine, progress);
    CheckSamePhotos(state, of_pass, request.folder);
    state = std::move(of_pass);
    // Another pass, or another machine, needs it; otherwise the exemplars follow at once.
    if (is_shard || passes.size() > 1) SaveState(StatePath(request.folder, pass), state);
    if (!is_shard) {
      RequirePhotos(state, photos);
      for (UnitFacts& fact : SaveExemplars(request.folder, state, request.options)) {
        facts.push_back(std::move(fact));
      }
    }
  }
  if (!is_shard) {
    CompleteRun(request.folder, request.manifest, state, facts);
    return;
  }
  RunManifest manifest = request.manifest;
  manifest.complete = true;
  WriteRunManifest(request.folder, manifest);
}

}  // namespace milan
