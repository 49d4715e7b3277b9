#include "milan/exemplar/generated_photos.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <mutex>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/parallel.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

Path PictureFile(const Path& run, int32_t id) { return run / "photos" / LatentSet::NameOf(id); }

/// An empty folder for pictures: those of an earlier run would be taken for this one's.
void PrepareFolder(const Path& run) {
  const Path folder = run / "photos";
  CreateFolder(folder);
  RemoveStaleTemporaries(folder);
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("latent-") || !name.ends_with(".png")) continue;
    std::error_code error;
    fs::remove(entry.path(), error);
    if (error) {
      throw ResourceError(entry.path().string() + ": cannot remove: " + error.message());
    }
  }
}

}  // namespace

std::set<int32_t> KeptIds(const TallyState& state) {
  std::set<int32_t> ids;
  for (const LayerStatistics& layer : state.layers) layer.AddKeptIds(ids);
  return ids;
}

void WriteGeneratedPhotos(const Path& run, const std::set<int32_t>& ids, const LatentSet& latents,
                          Engine& engine, int workers, Progress& progress) {
  PrepareFolder(run);
  const std::vector<int32_t> list(ids.begin(), ids.end());
  std::mutex mutex;
  int64_t done = 0;
  progress.Begin("pictures", std::ssize(list), "photos");
  ParallelFor(workers > 0 ? workers : DefaultWorkers(), std::ssize(list), [&](int, int64_t item) {
    {
      const std::lock_guard lock(mutex);
      ThrowIfCancelled(progress);
    }
    std::vector<Array> inputs = latents.EmptyInputs();
    const int32_t id = list[static_cast<size_t>(item)];
    latents.Fill(id, inputs);
    std::vector<ArrayView> views;
    for (const Array& input : inputs) views.push_back(input.View());
    engine.Run(views, [&](std::span<const ArrayView> outputs) {
      MILAN_CHECK(outputs.size() == 1, "the engine's only output is not the picture");
      const Image picture = PictureOf(latents.recipe().picture, outputs[0]);
      WriteFileAtomically(PictureFile(run, id), EncodePng(picture));
    });
    const std::lock_guard lock(mutex);
    progress.Update(++done);
  });
  progress.End();
}

void CopyGeneratedPhotos(const std::vector<Path>& parts, const Path& run,
                         const std::set<int32_t>& ids) {
  PrepareFolder(run);
  for (const int32_t id : ids) {
    const auto part = std::find_if(parts.begin(), parts.end(), [&](const Path& candidate) {
      return fs::exists(PictureFile(candidate, id));
    });
    if (part == parts.end()) {
      throw InputError(PictureFile(parts.front(), id).string() +
                       ": is missing there and in the other parts; repeat the commands that made "
                       "them");
    }
    WriteFileAtomically(PictureFile(run, id), ReadFile(PictureFile(*part, id)));
  }
}

void RecordGeneratedPhotos(const Path& run, const std::set<int32_t>& ids, TallyState& state) {
  for (size_t id = 0; id < state.photos.size(); ++id) {
    if (!state.photos[id]) continue;
    PhotoRecord& record = *state.photos[id];
    record.bytes = 0;
    record.hash.clear();
    if (!ids.contains(static_cast<int32_t>(id))) continue;
    const std::string png = ReadFile(PictureFile(run, static_cast<int32_t>(id)));
    record.bytes = png.size();
    record.hash = HashText(png);
  }
}

}  // namespace milan
