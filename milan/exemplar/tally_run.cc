#include "milan/exemplar/tally_run.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/cluster/local_cluster.h"
#include "milan/exemplar/checkpoints.h"
#include "milan/exemplar/generated_photos.h"
#include "milan/exemplar/reduce_state.h"
#include "milan/exemplar/run_steps.h"
#include "milan/exemplar/shared_photos.h"

namespace milan {
namespace {

using Clock = std::chrono::steady_clock;

int WorkersOf(const TallyOptions& options) {
  return options.workers > 0 ? options.workers : DefaultWorkers();
}

KeptPhotos KeptBy(const TallyOptions& options) { return PhotosToKeep(options.k, options.also); }

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

/// The passes of a run, one after the other; the same calls in every rank.
class TallyRun {
 public:
  TallyRun(const TallyRunRequest& request, const PhotoSet& photos, const EngineFactory& make_engine,
           Communicator& ranks, Progress& progress)
      : request_(request),
        photos_(photos),
        make_engine_(make_engine),
        ranks_(ranks),
        progress_(progress) {}

  /// In rank 0 a state that has seen all photos, in others an empty one.
  TallyState Pass(const std::vector<Layer>& pass, const Checkpoints& checkpoints, int64_t job) {
    TallyState state = EmptyState(pass, photos_.photos.size(), KeptBy(request_.options));
    if (ranks_.rank() == 0) state = Continue(checkpoints);
    TallyPlan plan = PlanOf(request_, std::ssize(photos_.photos));
    SharedPhotos shared(ranks_, job, UnseenPhotos(state, plan));
    if (shared.size() == 0) return state;
    plan.take = [&] { return shared.Take(); };
    auto saved = Clock::now();
    plan.save = [&](TallyState& partial) {
      SaveState(checkpoints.PathOf(ranks_.rank()), partial);
      saved = Clock::now();
    };
    const auto engine = make_engine_(pass);
    RankProgress progress(progress_, ranks_, shared);
    ContinueTally({*engine, pass, photos_, request_.manifest.preprocessing, request_.latents.get()},
                  request_.options, plan, state, progress);
    if (ranks_.size() == 1) return state;
    // While a rank waits for slower ones it may be lost, its work shall not.
    const std::chrono::duration<double> unsaved = Clock::now() - saved;
    if (unsaved.count() >= request_.save_every_seconds) plan.save(state);
    Reduce(plan, state);
    return state;
  }

 private:
  /// What earlier starts have seen.
  TallyState Continue(const Checkpoints& checkpoints) const {
    TallyState state = checkpoints.Gather();
    if (state.Seen() == 0) return state;
    if (!request_.latents) {
      CheckPhotos(state, photos_, WorkersOf(request_.options), request_.folder);
    }
    progress_.Note(fmt::format("{} photos were already seen", state.Seen()));
    return state;
  }

  /// The photos of the plan that nobody has seen, as rank 0 knows.
  std::vector<int64_t> UnseenPhotos(const TallyState& state, const TallyPlan& plan) const {
    std::vector<std::byte> seen;
    for (const auto& photo : state.photos) seen.push_back(std::byte{photo.has_value()});
    Broadcast(ranks_, seen);
    std::vector<int64_t> ids;
    for (int64_t id = plan.begin; id < plan.end; ++id) {
      if (seen.at(id) == std::byte{0}) ids.push_back(id);
    }
    return ids;
  }

  void Reduce(const TallyPlan& plan, TallyState& state) const {
    std::vector<bool> own;
    for (const auto& photo : state.photos) own.push_back(photo.has_value());
    ReduceState(ranks_, state);
    if (ranks_.rank() != 0) return;
    MILAN_CHECK(state.Seen() == plan.end - plan.begin, "the ranks have not seen all photos");
    for (size_t id = 0; id < own.size(); ++id) {
      if (own[id] || !state.photos[id] || state.photos[id]->failure.empty()) continue;
      progress_.Warn(state.photos[id]->name + ": " + state.photos[id]->failure + "; skipped");
    }
  }

  const TallyRunRequest& request_;
  const PhotoSet& photos_;
  const EngineFactory& make_engine_;
  Communicator& ranks_;
  Progress& progress_;
};

/// The passes that fit the rank with the most workers: the same in all.
Passes AgreePasses(const std::vector<Layer>& layers, TallyRunRequest request, Communicator& ranks) {
  for (const std::string& workers : Share(ranks, std::to_string(WorkersOf(request.options)))) {
    request.options.workers = std::max(request.options.workers, std::stoi(workers));
  }
  return PlanPasses(layers, request);
}

void Complete(const TallyRunRequest& request, const TallyState& state,
              const std::vector<UnitFacts>& facts) {
  if (request.manifest.shard.count == 1) {
    CompleteRun(request.folder, request.manifest, state, facts);
    return;
  }
  RunManifest manifest = request.manifest;
  manifest.complete = true;
  WriteRunManifest(request.folder, manifest);
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
  const auto alone = LocalCluster(1).Join(0);
  Communicator& ranks = request.ranks != nullptr ? *request.ranks : *alone;
  CreateFolder(request.folder / "state");
  const Passes passes = AgreePasses(layers, request, ranks);
  const bool is_shard = request.manifest.shard.count > 1;
  TallyRun run(request, photos, make_engine, ranks, progress);
  TallyState state;
  std::vector<UnitFacts> facts;
  std::set<int32_t> kept;
  for (size_t i = 0; i < passes.size(); ++i) {
    const Checkpoints checkpoints(request.folder, passes[i], photos.photos.size(),
                                  KeptBy(request.options));
    TallyState of_pass = run.Pass(passes[i], checkpoints, static_cast<int64_t>(i));
    if (ranks.rank() != 0) continue;
    CheckSamePhotos(state, of_pass, request.folder);
    state = std::move(of_pass);
    // Another pass, or another machine, needs it; otherwise the exemplars follow at once.
    if (is_shard || passes.size() > 1) {
      SaveState(checkpoints.PathOf(0), state);
      checkpoints.RemoveOthers();
    }
    if (request.latents) kept.merge(KeptIds(state));
    // Kept, the statistics of this pass would come on top of those of the next.
    if (is_shard) state.layers.clear();
    if (!is_shard) {
      RequirePhotos(state, photos);
      for (UnitFacts& fact : SaveExemplars(request.folder, state, request.options)) {
        facts.push_back(std::move(fact));
      }
    }
  }
  if (ranks.rank() != 0) return;
  if (request.latents) {
    const auto engine = make_engine({});
    WriteGeneratedPhotos(request.folder, kept, *request.latents, *engine, request.options.workers,
                         progress);
    RecordGeneratedPhotos(request.folder, kept, state);
  }
  Complete(request, state, facts);
}

}  // namespace milan
