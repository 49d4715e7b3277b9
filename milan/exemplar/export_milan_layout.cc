#include <algorithm>
#include <memory>
#include <mutex>
#include <span>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/npy.h"
#include "milan/exemplar/export_formats.h"
#include "milan/exemplar/milan_layout.h"
#include "milan/exemplar/photo_places.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"

namespace milan {
namespace {

/// The images.npy of one layer, complete but for the pictures, which come in any order.
class ImagesFile {
 public:
  ImagesFile(const Path& path, int64_t units, int64_t k, MapSize size)
      : file_(path),
        header_(NpyHeader("u1", {units, k, 3, size.height, size.width})),
        picture_bytes_(3 * size.Count()) {
    file_.Reserve(header_.size() + static_cast<size_t>(units * k) * picture_bytes_);
    file_.WriteAt(0, std::as_bytes(std::span(header_)));
  }

  void Put(int64_t index, std::span<const uint8_t> planes) {
    file_.WriteAt(header_.size() + static_cast<size_t>(index) * picture_bytes_,
                  std::as_bytes(planes));
  }
  void Commit() { file_.Commit(); }

 private:
  AtomicFile file_;
  std::string header_;
  size_t picture_bytes_;
};

void WriteMasks(const ExemplarSet& set, const Path& path, MapSize size, Progress& progress) {
  AtomicFile file(path);
  file.Write(NpyHeader("u1", {set.units, set.k, 1, size.height, size.width}));
  const std::vector<uint8_t> nothing(size.Count());
  for (int64_t unit = 0; unit < set.units; ++unit) {
    ThrowIfCancelled(progress);
    const int64_t count = set.CountOf(unit);
    for (int64_t rank = 0; rank < set.k; ++rank) {
      const auto mask = rank < count ? set.Mask(unit, rank, size) : nothing;
      file.Write(std::as_bytes(std::span(mask)));
    }
  }
  file.Commit();
}

/// Lines of k numbers in numpy's way ("%i", "%.5e"), without a header line.
template <typename T>
void WriteNumbers(const Path& path, const std::vector<T>& numbers, int64_t k,
                  fmt::format_string<T> format) {
  std::string text;
  for (size_t i = 0; i < numbers.size(); ++i) {
    text += fmt::format(format, T(numbers[i]));
    text += (i + 1) % static_cast<size_t>(k) == 0 ? '\n' : ',';
  }
  WriteFileAtomically(path, text);
}

void WriteUnits(const Path& path, int64_t count) {
  std::vector<int64_t> units;
  for (int64_t unit = 0; unit < count; ++unit) units.push_back(unit);
  AtomicFile file(path);
  file.Write(NpyHeader("i8", {count}));
  file.Write(std::as_bytes(std::span(units)));
  file.Commit();
}

/// Everything of a layer but its pictures.
void WriteLayer(const ExemplarSet& set, const Path& folder, MapSize size, Progress& progress) {
  WriteMasks(set, folder / kMasksFile, size, progress);
  WriteNumbers(folder / kIdsFile, set.photo_ids, set.k, "{}");
  WriteNumbers(folder / kActivationsFile, set.activations, set.k, "{:.5e}");
  WriteUnits(folder / kUnitsFile, set.units);
}

/// Photos that are not what the run saw, named in one warning however many they are.
class ChangedPhotos {
 public:
  void Add(const std::string& name) {
    const std::lock_guard lock(mutex_);
    if (count_++ == 0 || name < first_) first_ = name;
  }
  void Warn(Progress& progress) const {
    if (count_ == 0) return;
    const std::string more = count_ > 1 ? fmt::format(" and {} more photos", count_ - 1) : "";
    progress.Warn(first_ + more + ": changed since the run: masks may not fit the picture");
  }

 private:
  std::mutex mutex_;
  std::string first_;
  int64_t count_ = 0;
};

/// Decodes each photo once and puts it wherever a unit of any layer has it as an exemplar.
void WritePictures(const Run& run, std::vector<PhotoPlace> places, int workers, MapSize size,
                   std::span<const std::unique_ptr<ImagesFile>> files, Progress& progress) {
  const PhotoSet photos = run.Photos();
  ChangedPhotos changed;
  ForEachPhoto(std::move(places), {"export", workers}, progress,
               [&](std::span<const PhotoPlace> photo_places) {
                 const auto id = static_cast<size_t>(photo_places.front().photo);
                 std::string hash;
                 const DecodeResult photo = LoadPhoto(photos, id, &hash);
                 if (!photo.ok())
                   throw InputError(photos.PathOf(id).string() + ": " + photo.failure);
                 if (!run.photos[id].hash.empty() && hash != run.photos[id].hash) {
                   changed.Add(run.photos[id].name);
                 }
                 const auto planes =
                     ToPlanes(Picture(run.manifest.preprocessing, photo.image), size);
                 for (const PhotoPlace& place : photo_places)
                   files[place.layer]->Put(place.index, planes);
               });
  changed.Warn(progress);
}

}  // namespace

void ExportMilanLayout(const Run& run, const std::vector<std::string>& layers, const Path& folder,
                       const ExportOptions& options, Progress& progress) {
  const MapSize size = {options.size, options.size};
  std::vector<PhotoPlace> places;
  std::vector<std::unique_ptr<ImagesFile>> files;
  progress.Begin("masks", static_cast<int64_t>(layers.size()), "layers");
  for (size_t i = 0; i < layers.size(); ++i) {
    const ExemplarSet set = run.Exemplars(layers[i], options.kind);
    const Path layer_folder = folder / LayerFileName(set.layer);
    CreateFolder(layer_folder);
    RemoveStaleTemporaries(layer_folder);
    files.push_back(
        std::make_unique<ImagesFile>(layer_folder / kImagesFile, set.units, set.k, size));
    WriteLayer(set, layer_folder, size, progress);
    AddPlaces(set.photo_ids, i, places);
    progress.Update(static_cast<int64_t>(i) + 1);
  }
  progress.End();
  // From here on only the pictures are missing; they need no exemplar set any more.
  WritePictures(run, std::move(places), options.workers, size, files, progress);
  for (const auto& file : files) file->Commit();
}

}  // namespace milan
