#include "milan/exemplar/run_steps.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

void Remove(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw ResourceError(path.string() + ": cannot remove: " + error.message());
}

std::vector<UnitFacts> InOrderOf(const std::vector<RunLayer>& layers,
                                 const std::vector<UnitFacts>& facts) {
  std::vector<UnitFacts> ordered;
  for (const RunLayer& layer : layers) {
    std::copy_if(facts.begin(), facts.end(), std::back_inserter(ordered),
                 [&](const UnitFacts& fact) { return fact.layer == layer.name; });
  }
  return ordered;
}

}  // namespace

void RefuseFolder(const Path& folder, bool overwrite) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  if (!fs::is_directory(folder, error)) {
    throw UsageError(folder.string() + ": exists and is not a folder; choose another -o");
  }
  if (fs::is_empty(folder, error)) return;
  if (!fs::exists(folder / "run.json", error)) {
    throw UsageError(folder.string() +
                     ": is not empty and not a run of milan; choose another folder for -o");
  }
  if (overwrite || !ReadRunManifest(folder).complete) return;
  throw UsageError(folder.string() +
                   ": holds a run; choose another folder, or --overwrite to replace it");
}

void BeginRun(const Path& folder, const RunManifest& manifest) {
  CreateFolder(folder);
  for (const char* name : {"state", "exemplars", "photos.csv", "units.csv", "descriptions.json",
                           "descriptions.csv", "report"}) {
    Remove(folder / name);
  }
  RemoveStaleTemporaries(folder);
  WriteRunManifest(folder, manifest);
}

std::vector<UnitFacts> SaveExemplars(const Path& folder, TallyState& state,
                                     const TallyOptions& options) {
  CreateFolder(folder / "exemplars");
  std::vector<UnitFacts> facts;
  for (size_t i = 0; i < state.layers.size(); ++i) {
    const ExemplarSet set = FinishLayer(state, i, options);
    state.layers[i] = LayerStatistics(1, 1, 1, 1);  // its memory is not needed any more
    set.Save(folder / "exemplars" / (LayerFileName(set.layer) + ".safetensors"));
    for (UnitFacts& fact : FactsOf(set)) facts.push_back(std::move(fact));
  }
  return facts;
}

void CompleteRun(const Path& folder, RunManifest manifest, const TallyState& state,
                 const std::vector<UnitFacts>& facts) {
  std::vector<PhotoRecord> photos;
  for (const auto& photo : state.photos) photos.push_back(*photo);
  WritePhotoRecords(folder, photos);
  WriteFileAtomically(folder / "units.csv", ToCsv(InOrderOf(manifest.layers, facts)));
  manifest.photos_hash = HashPhotoList(photos);
  manifest.skipped_count =
      std::count_if(photos.begin(), photos.end(),
                    [](const PhotoRecord& photo) { return !photo.failure.empty(); });
  manifest.complete = true;
  WriteRunManifest(folder, manifest);
  Remove(folder / "state");
}

}  // namespace milan
