#include "milan/captioner/milannotations.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/captioner/region_features.h"
#include "milan/exemplar/photo_places.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// A mask as ExemplarSet::Mask gives it of an imported run: at the encoder's size.
std::vector<uint8_t> MaskFor(const MilanLayer& layer, int64_t place, MapSize size) {
  const auto bytes = layer.MaskBytes(place);
  std::vector<uint8_t> mask(bytes.size());
  std::transform(bytes.begin(), bytes.end(), mask.begin(),
                 [](std::byte value) { return static_cast<uint8_t>(value); });
  if (layer.size.height == size.height && layer.size.width == size.width) return mask;
  const std::vector<float> map(mask.begin(), mask.end());
  return ComputeMask(map, layer.size, 0.5F, size, MaskBorder::kClamp);
}

int64_t RowOf(const MilanLayer& layer, int64_t unit) {
  const auto found = std::lower_bound(layer.units.begin(), layer.units.end(), unit);
  if (found == layer.units.end() || *found != unit) return -1;
  return found - layer.units.begin();
}

int64_t CountOf(const MilanLayer& layer, int64_t row) {
  const auto first = layer.photo_ids.begin() + row * layer.k;
  return std::count_if(first, first + layer.k, [](int32_t id) { return id >= 0; });
}

/// Pools the pictures of one folder into the rows of the result.
class Pooling {
 public:
  Pooling(const std::vector<MilanLayer>& layers, const Encoder& encoder, Array& features)
      : layers_(layers), encoder_(encoder), features_(features) {}

  /// Says that a unit's features are the `number`-th of the result.
  void AddUnit(size_t layer, int64_t row, int64_t number) {
    const int64_t k = layers_[layer].k;
    for (int64_t rank = 0; rank < CountOf(layers_[layer], row); ++rank) {
      const int64_t place = row * k + rank;
      places_.push_back({layers_[layer].photo_ids[static_cast<size_t>(place)], layer, place});
      rows_[{layer, place}] = number * k + rank;
    }
  }

  void Run(int workers, Progress& progress) {
    ForEachPhoto(std::move(places_), {"region features", workers}, progress,
                 [this](std::span<const PhotoPlace> places) { AddPicture(places); });
  }

 private:
  void AddPicture(std::span<const PhotoPlace> places) const {
    const MilanLayer& first = layers_[places.front().layer];
    const Image picture = FromPlanes(first.ImageBytes(places.front().index), first.size);
    Preprocessing whole;
    whole.shorter_side = 0;
    whole.size = {first.size.height, first.size.width};
    whole.crop = {0, 0};
    encoder_.Run(picture, whole, [&](std::span<const ArrayView> levels) {
      const PhotoRegions regions(encoder_, levels);
      for (const PhotoPlace& place : places) AddExemplar(place, regions);
    });
  }

  void AddExemplar(const PhotoPlace& place, const PhotoRegions& regions) const {
    const MapSize size = {encoder_.height(), encoder_.width()};
    const auto mask = MaskFor(layers_[place.layer], place.index, size);
    const auto length = static_cast<size_t>(features_.shape[2]);
    const auto row = static_cast<size_t>(rows_.at({place.layer, place.index}));
    regions.Pool(mask, std::span(features_.values).subspan(row * length, length));
  }

  const std::vector<MilanLayer>& layers_;
  const Encoder& encoder_;
  Array& features_;
  std::vector<PhotoPlace> places_;
  std::map<std::pair<size_t, int64_t>, int64_t> rows_;  ///< Of the result, by layer and place.
};

/// Fills the places of a unit with fewer than k exemplars with those that it has, in turn.
void RepeatExemplars(int64_t number, int64_t count, Array& features) {
  const int64_t k = features.shape[1];
  const int64_t size = features.shape[2];
  const auto first = features.values.begin() + number * k * size;
  for (int64_t rank = count; rank < k; ++rank) {
    std::copy_n(first + (rank - count) * size, size, first + rank * size);
  }
}

}  // namespace

bool IsMilanLayout(const Path& folder) {
  if (fs::exists(folder / "run.json") || !fs::is_directory(folder)) return false;
  if (fs::exists(folder / kMasksFile)) return true;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (fs::exists(entry.path() / kMasksFile)) return true;
  }
  return false;
}

MilanExemplars OpenMilanExemplars(const Path& folder) {
  MilanExemplars exemplars{{}, OpenMilanLayers(folder)};
  RunManifest& manifest = exemplars.run.manifest;
  manifest.network_path = fs::absolute(folder / "").lexically_normal().parent_path().string();
  manifest.photos_path = manifest.network_path;
  manifest.k = exemplars.layers.front().k;
  std::string content;
  for (const MilanLayer& layer : exemplars.layers) {
    if (layer.k != manifest.k) {
      throw InputError(layer.masks.path().string() + ": has " + std::to_string(layer.k) +
                       " exemplars per unit, another layer " + std::to_string(manifest.k));
    }
    if (!layer.images) {
      throw InputError(layer.folder.string() + ": has no " + kImagesFile +
                       "; make a run with the photos that " + kIdsFile +
                       " numbers (milan import FOLDER --photos PHOTOS -o RUN) and train on that");
    }
    manifest.layers.push_back(
        {layer.name, layer.units.back() + 1, layer.size.height, layer.size.width});
    content += layer.name + '\0' + HashFile(layer.folder / kIdsFile) +
               HashBytes(layer.masks.bytes()) + '\n';
  }
  manifest.network_hash = HashText(content);
  return exemplars;
}

bool IsUsable(const MilanLayer& layer, int64_t unit) {
  const int64_t row = RowOf(layer, unit);
  if (row < 0) return false;
  const int64_t count = CountOf(layer, row);
  bool has_mask = false;
  for (int64_t rank = 0; rank < count && !has_mask; ++rank) {
    const auto mask = layer.MaskBytes(row * layer.k + rank);
    has_mask = std::find(mask.begin(), mask.end(), std::byte{1}) != mask.end();
  }
  const auto activations =
      std::span(layer.activations)
          .subspan(static_cast<size_t>(row * layer.k), static_cast<size_t>(count));
  return count > 0 && ImportedState(activations, has_mask) == UnitState::kAlive;
}

Array ComputeRegionFeatures(const MilanExemplars& exemplars, const std::vector<UnitName>& units,
                            const Encoder& encoder, int workers, Progress& progress) {
  const int64_t k = exemplars.run.manifest.k;
  Array features{{static_cast<int64_t>(units.size()), k, encoder.feature_size()}, {}};
  features.values.resize(static_cast<size_t>(ElementCount(features.shape)));
  Pooling pooling(exemplars.layers, encoder, features);
  std::vector<int64_t> counts;
  for (const UnitName& unit : units) {
    const auto layer =
        std::find_if(exemplars.layers.begin(), exemplars.layers.end(),
                     [&](const MilanLayer& other) { return other.name == unit.layer; });
    MILAN_CHECK(layer != exemplars.layers.end(), "a unit of a layer that is not in the folder");
    const int64_t row = RowOf(*layer, unit.unit);
    pooling.AddUnit(static_cast<size_t>(layer - exemplars.layers.begin()), row,
                    static_cast<int64_t>(counts.size()));
    counts.push_back(CountOf(*layer, row));
  }
  pooling.Run(workers, progress);
  for (size_t i = 0; i < counts.size(); ++i) {
    RepeatExemplars(static_cast<int64_t>(i), counts[i], features);
  }
  return features;
}

}  // namespace milan
