#include "milan/exemplar/run_steps.h"

#include <algorithm>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

void Remove(const Path& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) throw ResourceError(path.string() + ": cannot remove: " + error.message());
}

}  // namespace

void BeginRun(const Path& folder, const RunManifest& manifest) {
  CreateFolder(folder);
  for (const char* name :
       {"state", "exemplars", "photos.csv", "descriptions.json", "descriptions.csv", "report"}) {
    Remove(folder / name);
  }
  RemoveStaleTemporaries(folder);
  WriteRunManifest(folder, manifest);
}

void SaveExemplars(const Path& folder, TallyState& state, const TallyOptions& options) {
  CreateFolder(folder / "exemplars");
  for (size_t i = 0; i < state.layers.size(); ++i) {
    FinishLayer(state, i, options)
        .Save(folder / "exemplars" / (LayerFileName(state.names[i]) + ".safetensors"));
    state.layers[i] = LayerStatistics(1, 1, 1, 1);  // its memory is not needed any more
  }
}

void CompleteRun(const Path& folder, RunManifest manifest, const TallyState& state) {
  std::vector<PhotoRecord> photos;
  for (const auto& photo : state.photos) photos.push_back(*photo);
  WritePhotoRecords(folder, photos);
  manifest.photos_hash = HashPhotoList(photos);
  manifest.skipped_count =
      std::count_if(photos.begin(), photos.end(),
                    [](const PhotoRecord& photo) { return !photo.failure.empty(); });
  manifest.complete = true;
  WriteRunManifest(folder, manifest);
  Remove(folder / "state");
}

}  // namespace milan
