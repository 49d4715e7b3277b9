#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/exemplar_ranks.h"
#include "cli/network_step.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/parallel.h"
#include "milan/base/version.h"
#include "milan/exemplar/tally_run.h"
#include "milan/exemplar/unit_table.h"
#include "milan/network/batch_of_one.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// The layers that the user chose; without any, only directions if there are such.
std::vector<Layer> LayersOf(const PreparedNetwork& prepared,
                            const std::vector<std::string>& patterns, bool has_directions) {
  if (patterns.empty() && has_directions) return {};
  return ChooseLayers(prepared, patterns);
}

std::vector<std::string> LayerNames(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

/// "2/5" for the second of five parts.
Shard ParseShard(const std::string& text) {
  Shard shard;
  int read = 0;
  if (std::sscanf(text.c_str(), "%d/%d%n", &shard.index, &shard.count, &read) != 2 ||
      read != std::ssize(text) || shard.count < 1 || shard.index < 1 || shard.index > shard.count) {
    throw UsageError("--shard " + text + ": expected i/n with i from 1 to n, as in 2/5");
  }
  return shard;
}

/// The photos to list, or those that the generator makes.
PhotoSet ListPhotos(const ExemplarRequest& request, const PreparedNetwork& prepared) {
  if (prepared.latents) {
    if (request.photos.empty()) return prepared.latents->PhotosOf(request.run);
    throw UsageError("PHOTOS " + request.photos.string() + ": " + prepared.network.name() +
                     " is a generator, which sees no photos: leave them out");
  }
  if (request.photos.empty()) {
    throw UsageError("PHOTOS is required with a network that sees photos");
  }
  return OpenPhotoSet(request.photos);
}

RunManifest MakeManifest(const ExemplarRequest& request, const PreparedNetwork& prepared,
                         const std::vector<Layer>& layers, const PhotoSet& photos) {
  RunManifest manifest;
  manifest.milan_version = Version();
  manifest.engine_version = EngineVersion();
  manifest.network_path = fs::absolute(request.network).string();
  manifest.network_hash = HashFile(request.network);
  manifest.constants = prepared.constants;
  if (prepared.latents) {
    manifest.latents = prepared.latents->recipe();
    manifest.photos_path = Summarize(*manifest.latents);
    manifest.photo_root = "photos";
  } else {
    manifest.photos_path = fs::absolute(request.photos).string();
    manifest.photo_root = photos.root.string();
  }
  manifest.photo_count = static_cast<int64_t>(photos.photos.size());
  manifest.preprocessing = prepared.preprocessing;
  for (const Layer& layer : layers) manifest.layers.push_back(RunLayerOf(layer));
  manifest.k = request.tally.k;
  manifest.quantile = request.tally.quantile;
  manifest.border = request.tally.border;
  manifest.also = request.tally.also;
  if (!request.shard.empty()) manifest.shard = ParseShard(request.shard);
  return manifest;
}

/// Everything read, nothing written.
struct ExemplarPlan {
  PreparedNetwork prepared;
  std::vector<Layer> layers;
  PhotoSet photos;
  TallyRunRequest tally;
};

/// The photos are listed unless rank 0 has already done so.
ExemplarPlan Prepare(ExemplarRequest request, PhotoSet* listed, Terminal& terminal) {
  request.tally.border = ParseMaskBorder(request.border);
  for (const std::string& kind : request.also) {
    request.tally.also.push_back(ParseExemplarKind(kind));
  }
  Validate(request.tally);
  request.generator.has_photos = !request.photos.empty();
  PreparedNetwork prepared = PrepareNetwork(
      {request.network, request.preprocessing, request.generator, request.tokens, request.device},
      terminal);
  DirectionPlan directions = PlanDirections(prepared.network, prepared.layers, request.directions);
  std::vector<Layer>& made = directions.extended.layers;
  std::vector<Layer> layers = LayersOf(prepared, request.layers, !made.empty());
  std::move(made.begin(), made.end(), std::back_inserter(layers));
  prepared.network = std::move(directions.extended.network);
  PhotoSet photos = listed != nullptr ? std::move(*listed) : ListPhotos(request, prepared);
  TallyRunRequest tally;
  tally.folder = request.run;
  tally.manifest = MakeManifest(request, prepared, layers, photos);
  tally.manifest.directions = std::move(directions.origins);
  tally.manifest.device = KindName(prepared.engine.device);
  tally.options = request.tally;
  tally.overwrite = request.overwrite;
  tally.save_every_seconds = request.save_every_seconds;
  tally.memory_limit = request.memory_limit;
  tally.latents = prepared.latents;
  PlanPasses(layers, tally);  // refuses what cannot be
  return {std::move(prepared), std::move(layers), std::move(photos), std::move(tally)};
}

/// What the tally is going to take, before it starts.
void SayPlan(const ExemplarPlan& plan, RunProgress progress, Terminal& terminal) {
  const TallyRunRequest& request = plan.tally;
  const Passes passes = PlanPasses(plan.layers, request);
  const int workers = request.options.workers > 0 ? request.options.workers : DefaultWorkers();
  uint64_t bytes = 0;
  for (const auto& pass : passes) {
    bytes = std::max(bytes, LargestPassBytes(pass, request.options));
  }
  terminal.Say(fmt::format("memory: statistics of {} workers take {} at most, whatever the photos",
                           workers, FormatBytes(static_cast<double>(bytes))));
  if (passes.size() > 1) {
    terminal.Say(fmt::format("passes: {}, so that they fit into --memory", passes.size()));
  }
  terminal.LogTo(request.folder / "run.log");
  if (progress == RunProgress::kBegun) terminal.Say("exemplars: continues what was interrupted");
  terminal.Say("layers: " + fmt::format("{}", fmt::join(LayerNames(plan.layers), ", ")));
}

/// The same in every rank. Returns when the exemplars are complete.
void MakeExemplarsInRanks(const ExemplarRequest& request, Communicator& ranks, Terminal& terminal) {
  std::optional<ExemplarPlan> plan;
  RunProgress progress = RunProgress::kNone;
  // Rank 0 goes first: what is wrong for all is said once, and photos are listed once.
  const bool is_first = ranks.rank() == 0;
  if (is_first) {
    plan = Prepare(request, nullptr, terminal);
    progress = PrepareRun(plan->tally, plan->photos);
  }
  PhotoSet listed;
  SharePhotos(ranks, is_first ? plan->photos : listed);
  if (!is_first) {
    plan = Prepare(request, &listed, terminal);
    RequireSameRun(plan->tally, plan->photos);
  }
  plan->tally.ranks = &ranks;
  if (TellAll(ranks, progress == RunProgress::kComplete)) {
    if (is_first) terminal.LogTo(request.run / "run.log");
    terminal.Say("exemplars: kept from the run, which is complete");
    return;
  }
  if (is_first) SayPlan(*plan, progress, terminal);
  const auto make_engine = [&](const std::vector<Layer>& pass) {
    return CreateEngineForOne(plan->prepared.Tap(pass), plan->prepared.engine);
  };
  MakeTallyRun(plan->tally, plan->layers, plan->photos, make_engine, terminal);
}

}  // namespace

void AddExemplarOptions(CLI::App& command, ExemplarRequest& request) {
  command.add_option("NETWORK", request.network, "The network, an .onnx file")->required();
  command.add_option(
      "PHOTOS", request.photos,
      "Photos (JPEG, PNG, WebP): a folder with its subfolders and .tar archives, a .tar "
      "archive, or a .txt list of photos and archives; none for a generator");
  command.add_option("-o,--output", request.run, "Folder of the run; created when missing")
      ->required();
  command
      .add_option(
          "-l,--layers", request.layers,
          "Layers: names, PyTorch modules, globs such as 'layer?', or re:REGEX (default: the "
          "last of each map size)")
      ->delimiter(',');
  command.add_option("-k,--exemplars", request.tally.k, "Exemplars per unit")
      ->capture_default_str();
  command
      .add_option(
          "--also", request.also,
          "Exemplars of other kinds to keep, too: weakest, middle (about the median photo), "
          "random (not among the strongest)")
      ->delimiter(',');
  command
      .add_option("--quantile", request.tally.quantile,
                  "A region counts where the activation exceeds this quantile of the unit")
      ->capture_default_str();
  command.add_option("-j,--workers", request.tally.workers, "Photos at once (default: processors)");
  command.add_flag("--strict", request.tally.strict,
                   "Stop at a broken photo instead of skipping it");
  command
      .add_option("--mask-border", request.border,
                  "What lies outside a map when it is enlarged to a mask: zeros (as the original "
                  "MILAN), clamp")
      ->capture_default_str();
  command
      .add_option("--memory", request.memory_limit,
                  "Most memory for statistics (2GB); more passes over the photos if need be")
      ->transform(CLI::AsSizeValue(true));
  command
      .add_option("--save-every", request.save_every_seconds,
                  "Seconds between checkpoints, from which an interrupted run continues")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_flag("--overwrite", request.overwrite, "Replace a run made with other options");
  AddTokenFlags(command, request.tokens);
  AddDeviceOption(command, request.device);
  AddDirectionOptions(command, request.directions);
  AddPreprocessingOptions(command, request.preprocessing);
  AddGeneratorOptions(command, request.generator);
}

bool MakeExemplars(const ExemplarRequest& asked, Terminal& terminal) {
  ExemplarRequest request = asked;
  const auto ranks = JoinRanks();
  if (ranks->rank() != 0) terminal.Mute();
  if (ranks->size() > 1) {
    if (request.tally.workers == 0) request.tally.workers = ShareOfProcessors(*ranks);
    const auto workers = Share(*ranks, fmt::format("{}", request.tally.workers));
    terminal.Say(
        fmt::format("ranks: {}, with {} workers", workers.size(), fmt::join(workers, " ")));
  }
  MakeExemplarsInRanks(request, *ranks, terminal);
  ranks->Finish();
  return ranks->rank() == 0;
}

Run OpenExemplars(const Path& folder, Terminal& terminal) {
  Run run = OpenRun(folder);
  if (run.manifest.skipped_count > 0) {
    terminal.Warn(fmt::format("{} of {} photos were skipped; {} names them",
                              run.manifest.skipped_count, run.manifest.photo_count,
                              (folder / "run.log").string()));
  }
  return run;
}

std::vector<UnitCounts> CountUnits(const Run& run) {
  std::vector<UnitCounts> counts;
  for (const RunLayer& layer : run.manifest.layers) {
    counts.push_back(Count(FactsOf(run.Exemplars(layer.name))));
  }
  return counts;
}

std::string SummarizeUnits(const std::vector<UnitCounts>& layers) {
  UnitCounts all;
  std::string saturated;
  for (const UnitCounts& layer : layers) {
    all.units += layer.units;
    all.dead += layer.dead;
    all.constant += layer.constant;
    all.invalid += layer.invalid;
    all.duplicates += layer.duplicates;
    if (layer.saturated > 0) {
      saturated += fmt::format(
          "\nlayer {}: {} of {} units are saturated (their threshold is their maximum: a cap of "
          "the "
          "activation function, and the value before it tells more, or that of few photos)",
          layer.layer, layer.saturated, layer.units);
    }
  }
  return fmt::format("{} units in {} layers: {} dead, {} constant, {} invalid, {} duplicates{}",
                     all.units, layers.size(), all.dead, all.constant, all.invalid, all.duplicates,
                     saturated);
}

}  // namespace milan
