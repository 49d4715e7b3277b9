// What a folder holds beside what is wanted of it.

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/exemplar/run_directions.h"
#include "milan/exemplar/tally_run.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

std::string Names(const std::vector<RunLayer>& layers) {
  std::string names;
  for (const RunLayer& layer : layers) names += (names.empty() ? "" : ", ") + layer.name;
  return names;
}

std::string Names(const ExemplarKinds& kinds) {
  std::string names;
  for (const ExemplarKind kind : kinds) names += (names.empty() ? "" : ",") + ToString(kind);
  return names.empty() ? "nothing" : names;
}

/// Tokens that were laid out otherwise; empty when all were the same.
std::string ViewDifference(const std::vector<RunLayer>& run, const std::vector<RunLayer>& wanted) {
  for (size_t i = 0; i < run.size(); ++i) {
    const bool are_identities = run[i].view.IsIdentity() && wanted[i].view.IsIdentity();
    if (are_identities || run[i].view == wanted[i].view) continue;
    return fmt::format("layer '{}' as {}", run[i].name, ToString(run[i].view));
  }
  return "";
}

/// What differs between the photos that a run has seen and those of today; empty when nothing does.
/// Compares names and sizes: reading every photo again would cost as much as half the run.
std::string PhotoDifference(const std::vector<PhotoRecord>& before, const PhotoSet& now) {
  for (size_t id = 0; id < before.size(); ++id) {
    if (before[id].name != now.photos[id].name || before[id].bytes != now.photos[id].bytes) {
      return "other photos: " + now.photos[id].name + " is new or changed";
    }
  }
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

}  // namespace

std::string Difference(const RunManifest& run, const RunManifest& wanted) {
  if (run.network_hash != wanted.network_hash) {
    return "another network (" + run.network_path + ")";
  }
  if (run.constants != wanted.constants) return "other values of --constant";
  if (run.latents.has_value() != wanted.latents.has_value()) {
    return run.latents ? "--latents" : "photos instead of --latents";
  }
  if (!(run.latents == wanted.latents)) return "other latents: " + Summarize(*run.latents);
  if (!(run.preprocessing == wanted.preprocessing)) return "another preprocessing";
  if (Names(run.layers) != Names(wanted.layers)) return "other layers (" + Names(run.layers) + ")";
  if (std::string view = ViewDifference(run.layers, wanted.layers); !view.empty()) return view;
  const std::string directions = Difference(run.directions, wanted.directions);
  if (!directions.empty()) return directions;
  if (run.k != wanted.k) return fmt::format("--exemplars {}", run.k);
  if (run.quantile != wanted.quantile) return fmt::format("--quantile {}", run.quantile);
  if (run.also != wanted.also) return "--also " + Names(run.also);
  if (run.border != wanted.border) return "--mask-border " + ToString(run.border);
  if (run.milan_version != wanted.milan_version) return "milan " + run.milan_version;
  if (run.engine_version != wanted.engine_version) return "ONNX Runtime " + run.engine_version;
  if (run.device != wanted.device) return "--device " + run.device;
  if (run.photo_count != wanted.photo_count) {
    return fmt::format("other photos: there are {}, the run is of {}", wanted.photo_count,
                       run.photo_count);
  }
  return "";
}

RunProgress InspectRun(const TallyRunRequest& request, const PhotoSet& photos) {
  RefuseForeignFolder(request.folder);
  if (!fs::exists(request.folder / "run.json") || request.overwrite) return RunProgress::kNone;
  const RunManifest existing = ReadRunManifest(request.folder);
  std::string difference = Difference(existing, request.manifest);
  if (difference.empty() && !(existing.shard == request.manifest.shard)) {
    difference = fmt::format("--shard {}/{}", existing.shard.index, existing.shard.count);
  }
  const bool has_photos = !photos.photos.empty();  // a merge has none, and replaces no run anyway
  if (difference.empty() && existing.complete && existing.shard.count == 1 && has_photos &&
      !existing.latents) {
    difference = PhotoDifference(ReadPhotoRecords(request.folder), photos);
  }
  if (!difference.empty()) {
    throw UsageError(request.folder.string() + ": holds a run made with " + difference +
                     "; choose another folder, or --overwrite to replace it");
  }
  return existing.complete ? RunProgress::kComplete : RunProgress::kBegun;
}

}  // namespace milan
