#include "milan/exemplar/photo_places.h"

#include <algorithm>
#include <mutex>

#include "milan/base/parallel.h"

namespace milan {

void AddPlaces(std::span<const int32_t> photo_ids, size_t layer, std::vector<PhotoPlace>& places) {
  for (size_t index = 0; index < photo_ids.size(); ++index) {
    if (photo_ids[index] < 0) continue;
    places.push_back({photo_ids[index], layer, static_cast<int64_t>(index)});
  }
}

void ForEachPhoto(std::vector<PhotoPlace> places, const PhotoStage& stage, Progress& progress,
                  const std::function<void(std::span<const PhotoPlace>)>& work) {
  std::sort(places.begin(), places.end());
  std::vector<std::span<const PhotoPlace>> photos;
  for (auto first = places.begin(); first != places.end();) {
    const auto last = std::find_if(
        first, places.end(), [&](const PhotoPlace& place) { return place.photo != first->photo; });
    photos.emplace_back(first, last);
    first = last;
  }
  const int workers = stage.workers > 0 ? stage.workers : DefaultWorkers();
  const auto count = static_cast<int64_t>(photos.size());
  std::mutex mutex;
  int64_t done = 0;
  progress.Begin(stage.name, count, "photos");
  ParallelFor(workers, count, [&](int, int64_t item) {
    ThrowIfCancelled(progress);
    work(photos[static_cast<size_t>(item)]);
    const std::lock_guard lock(mutex);
    progress.Update(++done);
  });
  progress.End();
}

}  // namespace milan
