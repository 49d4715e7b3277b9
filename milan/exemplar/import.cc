#include "milan/exemplar/import.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include <fmt/format.h>

#include "milan/base/array.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/version.h"
#include "milan/exemplar/import_photos.h"
#include "milan/exemplar/milan_layout.h"
#include "milan/exemplar/run_steps.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// Between the values 0 and 1 that a mask has as a map.
constexpr float kMaskThreshold = 0.5F;

/// Removes what was made from a run that is replaced. Its photos stay: they may be the user's own.
void RemoveResults(const Path& folder) {
  for (const char* name : {"exemplars", "descriptions.json", "descriptions.csv", "report"}) {
    std::error_code error;
    fs::remove_all(folder / name, error);
    if (error) {
      throw ResourceError((folder / name).string() + ": cannot remove: " + error.message());
    }
  }
}

void CheckLayers(const std::vector<MilanLayer>& layers) {
  for (const MilanLayer& layer : layers) {
    if (layer.k == layers.front().k) continue;
    throw InputError(
        fmt::format("{}: has {} exemplars per unit, but {} has {}; a run has one "
                    "number: import the layers one by one",
                    layer.masks.path().string(), layer.k, layers.front().masks.path().string(),
                    layers.front().k));
  }
}

RunManifest ManifestOf(const Path& source, const std::vector<MilanLayer>& layers,
                       const ImportOptions& options) {
  RunManifest manifest;
  manifest.milan_version = Version();
  manifest.engine_version = "none (exemplars were imported)";
  manifest.device = "none";
  manifest.network_path = fs::absolute(source).lexically_normal().string();
  manifest.photos_path =
      options.photos.empty() ? manifest.network_path : fs::absolute(options.photos).string();
  manifest.k = layers.front().k;
  manifest.quantile = options.quantile;
  // Nothing of a mask fades at the border when it is resized.
  manifest.border = MaskBorder::kClamp;
  std::string content;
  for (const MilanLayer& layer : layers) {
    manifest.layers.push_back(
        {layer.name, layer.units.back() + 1, layer.size.height, layer.size.width});
    content += layer.name + '\0' + HashFile(layer.folder / kIdsFile) +
               HashBytes(layer.masks.bytes()) + '\n';
  }
  manifest.network_hash = HashText(content);  // the network itself is not known
  return manifest;
}

ExemplarSet EmptySet(const MilanLayer& layer, const RunManifest& manifest) {
  ExemplarSet set;
  set.layer = layer.name;
  set.units = layer.units.back() + 1;
  set.k = layer.k;
  set.height = layer.size.height;
  set.width = layer.size.width;
  set.quantile = manifest.quantile;
  set.border = manifest.border;
  const auto units = static_cast<size_t>(set.units);
  const size_t places = units * static_cast<size_t>(set.k);
  set.photo_ids.assign(places, -1);
  set.activations.assign(places, 0);
  set.maps.assign(places * layer.size.Count(), 0);
  set.thresholds.assign(units, kMaskThreshold);
  set.minima.assign(units, 0);
  set.maxima.assign(units, 1);
  set.states.assign(units, UnitState::kAlive);
  return set;
}

/// Puts the masks of one row of the files into the maps of its unit; true when one has a pixel.
bool CopyMasks(const MilanLayer& layer, int64_t row, ExemplarSet& set) {
  const uint16_t one = ToHalf(1);
  const size_t pixels = layer.size.Count();
  const auto unit = static_cast<size_t>(layer.units[static_cast<size_t>(row)]);
  auto map =
      set.maps.begin() + static_cast<ptrdiff_t>(unit * static_cast<size_t>(layer.k) * pixels);
  bool has_mask = false;
  for (int64_t rank = 0; rank < layer.k; ++rank) {
    for (const std::byte value : layer.MaskBytes(row * layer.k + rank)) {
      if (std::to_integer<int>(value) > 1) {
        throw InputError(fmt::format("{}: row {} has the value {}; masks are 0 and 1",
                                     layer.masks.path().string(), row,
                                     std::to_integer<int>(value)));
      }
      const bool inside = value == std::byte{1};
      *map++ = inside ? one : uint16_t{0};
      has_mask = has_mask || inside;
    }
  }
  return has_mask;
}

ExemplarSet SetOf(const MilanLayer& layer, const RunManifest& manifest,
                  const ImportedPhotos& photos) {
  ExemplarSet set = EmptySet(layer, manifest);
  const auto k = static_cast<size_t>(layer.k);
  for (size_t row = 0; row < layer.units.size(); ++row) {
    const auto unit = static_cast<size_t>(layer.units[row]);
    const auto activations = std::span(layer.activations).subspan(row * k, k);
    for (size_t rank = 0; rank < k; ++rank) {
      set.photo_ids[unit * k + rank] = photos.IdOf(layer.photo_ids[row * k + rank]);
      set.activations[unit * k + rank] = activations[rank];
    }
    const bool has_mask = CopyMasks(layer, static_cast<int64_t>(row), set);
    const auto count = static_cast<size_t>(set.CountOf(static_cast<int64_t>(unit)));
    set.states[unit] = ImportedState(activations.first(count), has_mask);
    // At least 1, above the threshold, or the unit would count as saturated. NaN: not known.
    if (activations[0] > 1 && std::isfinite(activations[0])) set.maxima[unit] = activations[0];
  }
  return set;
}

}  // namespace

void Validate(const ImportOptions& options) {
  if (!(options.quantile > 0 && options.quantile < 1)) {
    throw UsageError("the quantile must lie between 0 and 1");
  }
  if (options.workers < 0 || options.workers > 1024) {
    throw UsageError("the workers must be in 0..1024");
  }
  Validate(options.preprocessing);
}

Run ImportExemplars(const Path& source, const Path& folder, const ImportOptions& options,
                    Progress& progress) {
  Validate(options);
  const std::vector<MilanLayer> layers = OpenMilanLayers(source);
  CheckLayers(layers);
  RefuseFolder(folder, options.overwrite);
  const bool has_photos = !options.photos.empty();
  ImportedPhotos photos;
  if (has_photos) photos = UsePhotos(layers, options, progress);
  if (!has_photos) CheckImages(layers);
  RunManifest manifest = ManifestOf(source, layers, options);
  // From here on the folder is written; until the end its manifest says that it is incomplete.

  CreateFolder(folder);
  RemoveResults(folder);
  RemoveStaleTemporaries(folder);
  CreateFolder(folder / "exemplars");
  WriteRunManifest(folder, manifest);
  if (!has_photos) photos = UnpackPhotos(layers, folder / "photos", options.workers, progress);
  progress.Begin("import", static_cast<int64_t>(layers.size()), "layers");
  for (size_t i = 0; i < layers.size(); ++i) {
    ThrowIfCancelled(progress);
    SetOf(layers[i], manifest, photos)
        .Save(folder / "exemplars" / (LayerFileName(layers[i].name) + ".safetensors"));
    progress.Update(static_cast<int64_t>(i) + 1);
  }
  progress.End();
  WritePhotoRecords(folder, photos.records);
  manifest.photo_root = photos.root.string();
  if (!has_photos) manifest.photos_path = manifest.photo_root;
  manifest.photos_hash = HashPhotoList(photos.records);
  manifest.photo_count = static_cast<int64_t>(photos.records.size());
  manifest.preprocessing = photos.preprocessing;
  manifest.complete = true;
  WriteRunManifest(folder, manifest);
  return OpenRun(folder);
}

}  // namespace milan
