#include "milan/exemplar/import_photos.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/exemplar/photo_places.h"
#include "milan/image/photo_set.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// Mean difference, in levels of 255, up to which a photo and a picture are taken for the same:
/// decoders of JPEG differ by about one, the original's rounding by another (bug B6), whereas two
/// photographs differ by tens.
constexpr double kSamePicture = 8;

std::vector<PhotoPlace> PlacesOf(const std::vector<MilanLayer>& layers) {
  std::vector<PhotoPlace> places;
  for (size_t i = 0; i < layers.size(); ++i) AddPlaces(layers[i].photo_ids, i, places);
  return places;
}

/// Sorts as torchvision's ImageFolder numbers its pictures: by class folder, then by the folder's
/// whole name, then by the file's. Plain order of the paths would put "cat-2/a" before "cat/a".
void SortAsImageFolder(std::vector<Photo>& photos) {
  const auto key = [](const Photo& photo) {
    const size_t slash = photo.name.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : photo.name.substr(0, slash);
    return std::tuple(folder.substr(0, folder.find('/')), folder, photo.name);
  };
  std::sort(photos.begin(), photos.end(),
            [&](const Photo& a, const Photo& b) { return key(a) < key(b); });
}

void CheckIds(const std::vector<MilanLayer>& layers, size_t photo_count, const Path& photos) {
  for (const MilanLayer& layer : layers) {
    for (size_t i = 0; i < layer.photo_ids.size(); ++i) {
      if (layer.photo_ids[i] < static_cast<int64_t>(photo_count)) continue;
      throw InputError(fmt::format("{}: line {}: photo id {} is out of range: {} has {} photos",
                                   (layer.folder / kIdsFile).string(),
                                   i / static_cast<size_t>(layer.k) + 1, layer.photo_ids[i],
                                   photos.string(), photo_count));
    }
  }
}

double MeanDifference(std::span<const uint8_t> a, std::span<const std::byte> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - static_cast<int>(b[i]));
  return sum / static_cast<double>(a.size());
}

/// Holds photos against the pictures of images.npy. Other photos, or the same in another order, are
/// an error. One here and there is a warning: torchvision's loader leaves photos lying that their
/// EXIF data say to turn, and JPEG files are repaired in more than one way.
class PictureComparison {
 public:
  explicit PictureComparison(const std::vector<MilanLayer>& layers) : layers_(layers) {}

  /// Compares at the first of the photo's places that has a picture. From any thread.
  void Add(std::span<const PhotoPlace> places, const Image& picture, const std::string& name) {
    for (const PhotoPlace& place : places) {
      const MilanLayer& layer = layers_[place.layer];
      if (!layer.images) continue;
      const double difference =
          MeanDifference(ToPlanes(picture, layer.size), layer.ImageBytes(place.index));
      const std::lock_guard lock(mutex_);
      ++compared_;
      if (difference <= kSamePicture) return;
      if (others_++ > 0 && place.photo > first_id_) return;
      first_id_ = place.photo;
      first_ = fmt::format("{}: shows another picture for photo id {} than {}",
                           layer.images->path().string(), place.photo, name);
      return;
    }
  }

  void Finish(Progress& progress) const {
    if (others_ == 0) return;
    const std::string text =
        fmt::format("{} ({} of {} photos differ); ", first_, others_, compared_);
    if (others_ * kFewest < compared_) {
      progress.Warn(text + "their regions may lie elsewhere");
      return;
    }
    throw InputError(text +
                     "the photos must be those that the exemplars were found in, in the same "
                     "order and with the same preprocessing");
  }

 private:
  static constexpr int64_t kFewest = 20;  ///< One photo in so many may differ.
  const std::vector<MilanLayer>& layers_;
  std::mutex mutex_;
  int64_t compared_ = 0;
  int64_t others_ = 0;
  int32_t first_id_ = 0;
  std::string first_;
};

std::string PictureFile(int32_t id) { return fmt::format("{:06}.png", id); }

/// The picture of a photo, which must be the same wherever it is an exemplar.
std::span<const std::byte> OnlyImage(const std::vector<MilanLayer>& layers,
                                     std::span<const PhotoPlace> places) {
  const auto image = layers[places.front().layer].ImageBytes(places.front().index);
  for (const PhotoPlace& place : places.subspan(1)) {
    const auto other = layers[place.layer].ImageBytes(place.index);
    if (std::equal(image.begin(), image.end(), other.begin(), other.end())) continue;
    throw InputError(fmt::format("{}: unit row {} shows another picture for photo id {} than {}",
                                 layers[place.layer].images->path().string(),
                                 place.index / layers[place.layer].k, place.photo,
                                 layers[places.front().layer].images->path().string()));
  }
  return image;
}

}  // namespace

ImportedPhotos UsePhotos(const std::vector<MilanLayer>& layers, const ImportOptions& options,
                         Progress& progress) {
  PhotoSet set = OpenPhotoSet(options.photos);
  if (fs::is_directory(options.photos)) SortAsImageFolder(set.photos);
  CheckIds(layers, set.photos.size(), options.photos);
  ImportedPhotos result{set.root, {}, options.preprocessing, {}};
  for (const Photo& photo : set.photos) {
    result.records.push_back({.name = photo.name,
                              .bytes = photo.bytes,
                              .hash = {},
                              .width = 0,
                              .height = 0,
                              .failure = {}});
  }
  PictureComparison comparison(layers);
  // Only exemplars are read: ImageNet's other photos would take an hour and serve nothing.
  ForEachPhoto(PlacesOf(layers), {"photos", options.workers}, progress,
               [&](std::span<const PhotoPlace> places) {
                 const auto id = static_cast<size_t>(places.front().photo);
                 PhotoRecord& record = result.records[id];
                 const DecodeResult photo = LoadPhoto(set, id, &record.hash);
                 if (!photo.ok()) throw InputError(set.PathOf(id).string() + ": " + photo.failure);
                 record.width = photo.image.width;
                 record.height = photo.image.height;
                 comparison.Add(places, Picture(options.preprocessing, photo.image), record.name);
               });
  comparison.Finish(progress);
  return result;
}

void CheckImages(const std::vector<MilanLayer>& layers) {
  for (const MilanLayer& layer : layers) {
    if (!layer.images) {
      throw UsageError(layer.folder.string() + ": has no " + kImagesFile +
                       "; say with --photos where the photos are that ids.csv numbers");
    }
    const MapSize first = layers.front().size;
    if (layer.size.height != first.height || layer.size.width != first.width) {
      throw InputError(layer.images->path().string() + ": its pictures have another size than " +
                       layers.front().images->path().string() + "; import the layers one by one");
    }
  }
}

ImportedPhotos UnpackPhotos(const std::vector<MilanLayer>& layers, const Path& folder, int workers,
                            Progress& progress) {
  const std::vector<PhotoPlace> places = PlacesOf(layers);
  const MapSize size = layers.front().size;
  ImportedPhotos result{fs::absolute(folder).lexically_normal(), {}, {}, {}};
  // The pictures are what the network saw: nothing is left to resize or crop.
  result.preprocessing.shorter_side = 0;
  result.preprocessing.size = {size.height, size.width};
  result.preprocessing.crop = {0, 0};
  std::set<int32_t> ids;
  for (const PhotoPlace& place : places) ids.insert(place.photo);
  for (const int32_t id : ids) {
    result.ids[id] = static_cast<int32_t>(result.records.size());
    result.records.push_back({.name = PictureFile(id),
                              .bytes = 0,
                              .hash = {},
                              .width = size.width,
                              .height = size.height,
                              .failure = {}});
  }
  CreateFolder(folder);
  RemoveStaleTemporaries(folder);
  ForEachPhoto(places, {"pictures", workers}, progress, [&](std::span<const PhotoPlace> same) {
    PhotoRecord& record = result.records[static_cast<size_t>(result.IdOf(same.front().photo))];
    const std::string png = EncodePng(FromPlanes(OnlyImage(layers, same), size));
    record.bytes = png.size();
    record.hash = HashText(png);
    WriteFileAtomically(folder / record.name, png);
  });
  return result;
}

}  // namespace milan
