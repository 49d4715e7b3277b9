#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/version.h"
#include "milan/network/engine.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

std::vector<Layer> ChooseLayers(const std::vector<Layer>& all,
                                const std::vector<std::string>& patterns) {
  if (!patterns.empty()) return SelectLayers(all, patterns);
  std::vector<Layer> chosen = DefaultLayers(all);
  if (chosen.empty()) {
    throw UsageError("no layer with activation maps was found; `milan layers` shows what there is");
  }
  return chosen;
}

std::string Names(const std::vector<RunLayer>& layers) {
  std::string names;
  for (const RunLayer& layer : layers) names += (names.empty() ? "" : ", ") + layer.name;
  return names;
}

std::vector<std::string> LayerNames(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

/// What differs between the photos that a run has seen and those of today; empty when nothing does.
/// Compares names and sizes: reading every photo again would cost as much as half the run.
std::string PhotoDifference(const std::vector<PhotoRecord>& before, const PhotoSet& now) {
  if (before.size() != now.photos.size()) {
    return fmt::format("it has {} photos, the run saw {}", now.photos.size(), before.size());
  }
  for (size_t id = 0; id < before.size(); ++id) {
    if (before[id].name != now.photos[id].name || before[id].bytes != now.photos[id].bytes) {
      return "photo " + now.photos[id].name + " is new or changed";
    }
  }
  return "";
}

/// Which part of the request is not what the run in the folder was made with; empty: all the same.
std::string Difference(const RunManifest& run, const RunManifest& wanted, const Path& folder,
                       const PhotoSet& photos) {
  if (run.network_hash != wanted.network_hash) {
    return "another network (" + run.network_path + ")";
  }
  if (!(run.preprocessing == wanted.preprocessing)) return "another preprocessing";
  if (Names(run.layers) != Names(wanted.layers)) return "other layers (" + Names(run.layers) + ")";
  if (run.k != wanted.k) return fmt::format("--exemplars {}", run.k);
  if (run.quantile != wanted.quantile) return fmt::format("--quantile {}", run.quantile);
  if (run.border != wanted.border) return "--mask-border " + ToString(run.border);
  if (run.milan_version != wanted.milan_version) return "milan " + run.milan_version;
  const std::string photo_difference = PhotoDifference(ReadPhotoRecords(folder), photos);
  if (!photo_difference.empty()) return "other photos: " + photo_difference;
  return "";
}

void RefuseForeignFolder(const Path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error) || fs::exists(folder / "run.json", error)) return;
  if (!fs::is_directory(folder, error)) {
    throw UsageError(folder.string() + ": exists and is not a folder; choose another -o");
  }
  if (!fs::is_empty(folder, error)) {
    throw UsageError(folder.string() +
                     ": is not empty and not a run of milan; choose another folder for -o");
  }
}

void RemoveResults(const Path& folder) {
  for (const char* name : {"exemplars", "descriptions.json", "descriptions.csv", "report"}) {
    std::error_code error;
    fs::remove_all(folder / name, error);
    if (error) {
      throw ResourceError((folder / name).string() + ": cannot remove: " + error.message());
    }
  }
}

RunManifest MakeManifest(const ExemplarRequest& request, const Preprocessing& preprocessing,
                         const std::vector<Layer>& layers, const PhotoSet& photos) {
  RunManifest manifest;
  manifest.milan_version = Version();
  manifest.engine_version = EngineVersion();
  manifest.network_path = fs::absolute(request.network).string();
  manifest.network_hash = HashFile(request.network);
  manifest.photos_path = fs::absolute(request.photos).string();
  manifest.photo_root = photos.root.string();
  manifest.photo_count = static_cast<int64_t>(photos.photos.size());
  manifest.preprocessing = preprocessing;
  for (const Layer& layer : layers) {
    manifest.layers.push_back({layer.name, layer.units, layer.height, layer.width});
  }
  manifest.k = request.tally.k;
  manifest.quantile = request.tally.quantile;
  manifest.border = request.tally.border;
  return manifest;
}

/// True when the folder already holds a complete run of this very request.
bool CanKeep(const ExemplarRequest& request, const RunManifest& wanted, const PhotoSet& photos) {
  RefuseForeignFolder(request.run);
  if (!fs::exists(request.run / "run.json") || request.overwrite) return false;
  const RunManifest existing = ReadRunManifest(request.run);
  if (!existing.complete) return false;
  const std::string difference = Difference(existing, wanted, request.run, photos);
  if (difference.empty()) return true;
  throw UsageError(request.run.string() + ": holds a run made with " + difference +
                   "; choose another folder, or --overwrite to replace it");
}

void SaveRun(const Path& folder, RunManifest& manifest, const TallyResult& result) {
  for (const ExemplarSet& set : result.layers) {
    set.Save(folder / "exemplars" / (LayerFileName(set.layer) + ".safetensors"));
  }
  WritePhotoRecords(folder, result.photos);
  manifest.photos_hash = HashPhotoList(result.photos);
  manifest.skipped_count =
      std::count_if(result.photos.begin(), result.photos.end(),
                    [](const PhotoRecord& photo) { return !photo.failure.empty(); });
  manifest.complete = true;
  WriteRunManifest(folder, manifest);
}

}  // namespace

void AddExemplarOptions(CLI::App& command, ExemplarRequest& request) {
  command.add_option("NETWORK", request.network, "The network, an .onnx file")->required();
  command
      .add_option(
          "PHOTOS", request.photos,
          "Photos (JPEG, PNG, WebP): a folder with its subfolders and .tar archives, a .tar "
          "archive, or a .txt list of photos and archives")
      ->required();
  command.add_option("-o,--output", request.run, "Folder of the run; created when missing")
      ->required();
  command
      .add_option("-l,--layers", request.layers,
                  "Layers by name or glob, e.g. 'layer?' (default: the last of each map size)")
      ->delimiter(',');
  command.add_option("-k,--exemplars", request.tally.k, "Exemplars per unit")
      ->capture_default_str();
  command
      .add_option("--quantile", request.tally.quantile,
                  "A region counts where the activation exceeds this quantile of the unit")
      ->capture_default_str();
  command.add_option("-j,--workers", request.tally.workers, "Photos at once (default: processors)");
  command.add_flag("--strict", request.tally.strict,
                   "Stop at a broken photo instead of skipping it");
  command.add_flag("--overwrite", request.overwrite, "Replace a run made with other options");
  AddPreprocessingOptions(command, request.preprocessing);
}

Run MakeExemplars(const ExemplarRequest& request, Terminal& terminal) {
  Validate(request.tally);
  const Network network = Network::Load(request.network);
  const Preprocessing preprocessing =
      ResolvePreprocessing(network, request.network, request.preprocessing, terminal);
  const std::vector<Layer> layers = ChooseLayers(
      ListLayers(network, preprocessing.Height(), preprocessing.Width()), request.layers);
  const PhotoSet photos = OpenPhotoSet(request.photos);
  RunManifest manifest = MakeManifest(request, preprocessing, layers, photos);
  // From here on the request is fixed.

  if (CanKeep(request, manifest, photos)) {
    terminal.LogTo(request.run / "run.log");
    terminal.Say("exemplars: kept from the run, which is complete");
    return OpenRun(request.run);
  }
  CreateFolder(request.run);
  RemoveResults(request.run);
  RemoveStaleTemporaries(request.run);
  CreateFolder(request.run / "exemplars");
  WriteRunManifest(request.run, manifest);
  terminal.LogTo(request.run / "run.log");
  terminal.Say(fmt::format("layers: {}", Names(manifest.layers)));

  const auto engine = CreateEngine(network.Tap(LayerNames(layers)));
  const TallyResult result = Tally(*engine, layers, photos, preprocessing, request.tally, terminal);
  SaveRun(request.run, manifest, result);
  if (manifest.skipped_count > 0) {
    terminal.Warn(fmt::format("{} of {} photos were skipped; {} names them", manifest.skipped_count,
                              manifest.photo_count, (request.run / "run.log").string()));
  }
  return OpenRun(request.run);
}

std::string SummarizeUnits(const Run& run) {
  int64_t units = 0;
  int64_t silent = 0;
  for (const RunLayer& layer : run.manifest.layers) {
    const ExemplarSet set = run.Exemplars(layer.name);
    units += set.units;
    silent += std::count_if(set.states.begin(), set.states.end(),
                            [](UnitState state) { return state != UnitState::kAlive; });
  }
  return fmt::format("{} units in {} layers, {} of them dead, constant or invalid", units,
                     run.manifest.layers.size(), silent);
}

}  // namespace milan
