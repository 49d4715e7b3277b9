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
  for (const ExemplarKind kind : {ExemplarKind::kStrongest, ExemplarKind::kWeakest,
                                  ExemplarKind::kMiddle, ExemplarKind::kRandom}) {
    Remove(folder / ExemplarFolder(kind));
  }
  for (const char* name :
       {"state", "photos.csv", "units.csv", "descriptions.json", "descriptions.csv", "report"}) {
    Remove(folder / name);
  }
  RemoveStaleTemporaries(folder);
  WriteRunManifest(folder, manifest);
}

std::vector<UnitFacts> SaveExemplars(const Path& folder, TallyState& state,
                                     const TallyOptions& options) {
  ExemplarKinds kinds = options.also;
  kinds.push_back(ExemplarKind::kStrongest);
  for (const ExemplarKind kind : kinds) CreateFolder(folder / ExemplarFolder(kind));
  std::vector<UnitFacts> facts;
  for (size_t i = 0; i < state.layers.size(); ++i) {
    for (const ExemplarKind kind : kinds) {
      const ExemplarSet set = FinishLayer(state, i, options, kind);
      set.Save(folder / ExemplarFolder(kind) / (LayerFileName(set.layer) + ".safetensors"));
      if (kind != ExemplarKind::kStrongest) continue;
      for (UnitFacts& fact : FactsOf(set)) facts.push_back(std::move(fact));
    }
    state.layers[i] = LayerStatistics(1, 1, 1, {1});  // its memory is not needed any more
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
