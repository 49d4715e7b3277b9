#include "milan/actions/exemplar_pictures.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"

namespace milan {
namespace {

constexpr int kJpegQuality = 82;

/// One picture to be made: an exemplar of a layer's unit.
struct Job {
  size_t place = 0;  ///< Of the unit among those asked for.
  int64_t unit = 0;
  int64_t rank = 0;
};

/// Outside of the mask a third of the light is left.
void Dim(const std::vector<uint8_t>& mask, Image& image) {
  for (size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] != 0) continue;
    for (size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] /= 3;
  }
}

/// What the network saw of the exemplar, made small and dimmed; empty when there is no photo.
std::string PictureOf(const Run& run, const PhotoSet& photos, const ExemplarSet& set,
                      const Job& job, int size) {
  const DecodeResult decoded = LoadPhoto(photos, set.PhotoId(job.unit, job.rank));
  if (!decoded.ok()) return "";
  const Box view = ViewBox(run.manifest.preprocessing, decoded.image.width, decoded.image.height);
  // A crop larger than the photo would be padded: what there is of the photo is shown.
  const Box box = {std::max(0.0, view.left), std::max(0.0, view.top),
                   std::min<double>(decoded.image.width, view.right),
                   std::min<double>(decoded.image.height, view.bottom)};
  const double width = run.manifest.preprocessing.Width();
  const double height = run.manifest.preprocessing.Height();
  const double scale = size / std::max(width, height);
  const int out_width = std::max(1, static_cast<int>(width * scale + 0.5));
  const int out_height = std::max(1, static_cast<int>(height * scale + 0.5));
  Image picture = Resize(decoded.image, box, out_width, out_height);
  Dim(set.Mask(job.unit, job.rank, {out_height, out_width}), picture);
  return EncodeJpeg(picture, kJpegQuality);
}

}  // namespace

std::vector<std::vector<std::string>> WriteExemplarPictures(const Run& run,
                                                            std::span<const UnitName> units,
                                                            const ExemplarPictureOptions& options,
                                                            const StagingFolder& folder,
                                                            Progress& progress) {
  std::vector<std::vector<std::string>> names(units.size());
  std::map<std::string, std::vector<size_t>> of_layer;
  for (size_t i = 0; i < units.size(); ++i) of_layer[units[i].layer].push_back(i);
  const PhotoSet photos = run.Photos();
  const int workers = options.workers > 0 ? options.workers : DefaultWorkers();
  std::atomic<int64_t> missing = 0;
  int64_t done = 0;
  progress.Begin("exemplar pictures", std::ssize(units), "units");
  for (const auto& [layer, members] : of_layer) {
    const ExemplarSet set = run.Exemplars(layer);
    std::vector<Job> jobs;
    for (const size_t i : members) {
      if (units[i].unit < 0 || units[i].unit >= set.units) {
        throw UsageError(fmt::format("layer '{}' has no unit {}", layer, units[i].unit));
      }
      const int64_t count = std::min(options.per_unit, set.CountOf(units[i].unit));
      names[i].resize(static_cast<size_t>(count));
      for (int64_t rank = 0; rank < count; ++rank) jobs.push_back({i, units[i].unit, rank});
    }
    ParallelFor(workers, std::ssize(jobs), [&](int, int64_t number) {
      const Job& job = jobs[static_cast<size_t>(number)];
      const std::string jpeg = PictureOf(run, photos, set, job, options.size);
      ThrowIfCancelled(progress);
      if (jpeg.empty()) {
        ++missing;
        return;
      }
      const std::string name = fmt::format("{}{}-{}.jpg", options.prefix, job.place, job.rank);
      folder.Write(name, jpeg);
      names[job.place][static_cast<size_t>(job.rank)] = name;
    });
    progress.Update(done += std::ssize(members));
  }
  progress.End();
  for (auto& of_unit : names) std::erase(of_unit, "");
  if (missing > 0) {
    progress.Warn(
        fmt::format("{} exemplar photos cannot be read here and are not shown", missing.load()));
  }
  return names;
}

}  // namespace milan
