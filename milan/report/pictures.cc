#include "milan/report/pictures.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <mutex>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"

namespace milan {
namespace {

/// Longest side of a picture, in picture sizes: a panorama must not weigh as much as ten photos.
constexpr double kLongestSide = 2.5;

Image Shrink(const Image& photo, const Box& view, int picture_size) {
  const double view_side = std::max(view.right - view.left, view.bottom - view.top);
  const double photo_side = std::max(photo.width, photo.height);
  const double scale =
      std::min({1.0, picture_size / view_side, kLongestSide * picture_size / photo_side});
  if (scale >= 1.0) return photo;
  const auto scaled = [scale](int size) {
    return std::max(1, static_cast<int>(std::lround(size * scale)));
  };
  return Resize(photo, scaled(photo.width), scaled(photo.height));
}

/// What all workers share: reading one photo touches nothing else.
struct PictureJob {
  const Run& run;
  const PhotoSet set;
  const ReportOptions& options;
  const StagingFolder& folder;
};

ReportPhoto WritePicture(const PictureJob& job, int32_t id, bool& changed) {
  ReportPhoto result;
  result.id = id;
  std::string hash;
  const DecodeResult decoded = LoadPhoto(job.set, static_cast<size_t>(id), &hash);
  if (!decoded.ok()) {
    result.failure = decoded.failure;
    return result;
  }
  const Image& photo = decoded.image;
  const std::string& expected = job.run.photos[static_cast<size_t>(id)].hash;
  changed = !expected.empty() && hash != expected;
  const Box view = ViewBox(job.run.manifest.preprocessing, photo.width, photo.height);
  const Image picture = Shrink(photo, view, job.options.picture_size);
  job.folder.Write(PictureName(id), EncodeJpeg(picture, job.options.jpeg_quality));
  result.width = photo.width;
  result.height = photo.height;
  result.view = {view.left / photo.width, view.top / photo.height, view.right / photo.width,
                 view.bottom / photo.height};
  return result;
}

/// One line for all photos that share a problem, however many they are.
void WarnOf(const std::vector<std::string>& names, const std::string& problem, Progress& progress) {
  if (names.empty()) return;
  std::string text = names.front();
  if (names.size() > 1) text += " and " + std::to_string(names.size() - 1) + " more photos";
  progress.Warn(text + ": " + problem);
}

void CheckPhotos(const Run& run, const std::vector<ReportPhoto>& photos,
                 const std::vector<uint8_t>& changed, Progress& progress) {
  std::vector<std::string> missing_names;
  std::vector<std::string> changed_names;
  std::string reason;
  for (size_t i = 0; i < photos.size(); ++i) {
    const std::string& name = run.photos[static_cast<size_t>(photos[i].id)].name;
    if (changed[i] != 0) changed_names.push_back(name);
    if (photos[i].failure.empty()) continue;
    if (reason.empty()) reason = photos[i].failure;
    missing_names.push_back(name);
  }
  if (!photos.empty() && missing_names.size() == photos.size()) {
    throw InputError(run.photo_root.string() + ": none of the run's photos can be read here (" +
                     missing_names.front() + ": " + reason +
                     "); put the photos back where the run found them");
  }
  WarnOf(missing_names, "shown as missing (" + reason + ")", progress);
  WarnOf(changed_names, "changed since the run: masks may not fit the picture", progress);
}

}  // namespace

Path PictureName(int32_t photo_id) { return Path("photos") / (std::to_string(photo_id) + ".jpg"); }

std::vector<ReportPhoto> WritePictures(const Run& run, std::span<const int32_t> photo_ids,
                                       const ReportOptions& options, const StagingFolder& folder,
                                       Progress& progress) {
  const PictureJob job{run, run.Photos(), options, folder};
  const int workers = options.workers > 0 ? options.workers : DefaultWorkers();
  const auto count = static_cast<int64_t>(photo_ids.size());
  std::vector<ReportPhoto> photos(photo_ids.size());
  std::vector<uint8_t> changed(photo_ids.size());
  std::mutex mutex;
  int64_t done = 0;
  progress.Begin("report pictures", count, "photos");
  ParallelFor(workers, count, [&](int, int64_t item) {
    ThrowIfCancelled(progress);
    bool differs = false;
    photos[item] = WritePicture(job, photo_ids[item], differs);
    changed[item] = differs ? 1 : 0;
    const std::lock_guard lock(mutex);
    progress.Update(++done);
  });
  progress.End();
  CheckPhotos(run, photos, changed, progress);
  return photos;
}

}  // namespace milan
