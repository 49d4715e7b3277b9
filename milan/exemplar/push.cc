#include "milan/exemplar/push.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/parallel.h"
#include "milan/base/version.h"
#include "milan/exemplar/run_steps.h"

namespace milan {
namespace {

int64_t Positions(const LayerStatistics& layer) { return layer.height() * layer.width(); }

void CheckPhotoIds(const TallyState& state, std::span<const int32_t> ids) {
  if (ids.empty()) throw InputError("activations of no photo");
  std::set<int32_t> batch;
  for (const int32_t id : ids) {
    if (id < 0 || id >= std::ssize(state.photos)) {
      throw InputError(fmt::format("photo id {} where there are {} photos, counted from 0", id,
                                   state.photos.size()));
    }
    if (state.photos[static_cast<size_t>(id)] || !batch.insert(id).second) {
      throw InputError(fmt::format("photo {} comes twice; each can be added once", id));
    }
  }
}

bool HasShape(const LayerStatistics& layer, int64_t photos, const Shape& shape) {
  Shape one = shape;
  const bool is_batch = shape.size() == 4 || (shape.size() == 2 && Positions(layer) == 1);
  if (is_batch) {
    if (one.front() != photos) return false;
    one.erase(one.begin());
  } else if (photos != 1) {
    return false;
  }
  return one == Shape{layer.units(), layer.height(), layer.width()} ||
         (one == Shape{layer.units()} && Positions(layer) == 1);
}

void CheckActivations(const TallyState& state, int64_t photos,
                      std::span<const ArrayView> activations) {
  if (activations.size() != state.layers.size()) {
    throw InputError(fmt::format("{} arrays of activations for {} layers", activations.size(),
                                 state.layers.size()));
  }
  for (size_t i = 0; i < activations.size(); ++i) {
    const LayerStatistics& layer = state.layers[i];
    const ArrayView& array = activations[i];
    if (!HasShape(layer, photos, array.shape)) {
      throw InputError(fmt::format(
          "layer '{}': activations of shape {} where {} is expected", state.names[i],
          ToString(array.shape), ToString({photos, layer.units(), layer.height(), layer.width()})));
    }
    const int64_t count = photos * layer.units() * Positions(layer);
    if (std::ssize(array.values) != count) {
      throw InputError(fmt::format("layer '{}': {} activations, but shape {} has {}",
                                   state.names[i], array.values.size(), ToString(array.shape),
                                   count));
    }
  }
}

RunManifest ManifestOf(const PushedRunRequest& request, const PhotoSet& photos,
                       const TallyState& state) {
  RunManifest manifest;
  manifest.milan_version = Version();
  manifest.engine_version = "none (activations were pushed)";
  manifest.device = "none";
  manifest.network_path = request.network;
  manifest.photos_path = photos.root.string();
  manifest.photo_root = photos.root.string();
  manifest.photo_count = std::ssize(photos.photos);
  manifest.preprocessing = request.preprocessing;
  for (size_t i = 0; i < state.layers.size(); ++i) {
    const LayerStatistics& layer = state.layers[i];
    manifest.layers.push_back({state.names[i], layer.units(), layer.height(), layer.width()});
  }
  manifest.k = state.layers.front().kept().strongest;
  manifest.quantile = request.options.quantile;
  manifest.border = request.options.border;
  manifest.also = request.options.also;
  return manifest;
}

/// What is known of a photo only by reading it. Throws kInput where a run could not go on without
/// it.
PhotoRecord RecordOf(const PhotoSet& photos, size_t id, bool was_pushed, bool strict) {
  PhotoRecord record;
  record.name = photos.photos[id].name;
  record.bytes = photos.photos[id].bytes;
  if (!was_pushed) {
    record.failure = "no activations were pushed";
    if (strict) throw InputError(record.name + ": " + record.failure);
    record.hash = HashPhoto(photos, id);
    return record;
  }
  const DecodeResult photo = LoadPhoto(photos, id, &record.hash);
  if (!photo.ok()) {
    throw InputError(photos.PathOf(id).string() + ": has activations, but " + photo.failure);
  }
  record.width = photo.image.width;
  record.height = photo.image.height;
  return record;
}

void FillRecords(const PhotoSet& photos, const TallyOptions& options, TallyState& state,
                 Progress& progress) {
  const int workers = options.workers > 0 ? options.workers : DefaultWorkers();
  std::mutex mutex;
  int64_t done = 0;
  progress.Begin("photos", std::ssize(state.photos), "photos");
  ParallelFor(workers, std::ssize(state.photos), [&](int, int64_t i) {
    const auto id = static_cast<size_t>(i);
    PhotoRecord record = RecordOf(photos, id, state.photos[id].has_value(), options.strict);
    const std::lock_guard lock(mutex);
    ThrowIfCancelled(progress);
    state.photos[id] = std::move(record);
    progress.Update(++done);
  });
  progress.End();
}

/// Stands for the network, which milan does not know.
std::string HashExemplars(const Path& folder, const std::vector<RunLayer>& layers) {
  std::string content;
  for (const RunLayer& layer : layers) {
    const Path file = folder / "exemplars" / (LayerFileName(layer.name) + ".safetensors");
    content += layer.name + '\0' + HashFile(file) + '\n';
  }
  return HashText(content);
}

}  // namespace

TallyState BeginTally(const std::vector<RunLayer>& layers, size_t photo_count, int64_t k,
                      const ExemplarKinds& also) {
  TallyOptions options;
  options.k = k;
  options.also = also;
  Validate(options);
  if (layers.empty()) throw UsageError("no layers");
  TallyState state;
  for (const RunLayer& layer : layers) {
    if (layer.units < 1 || layer.height < 1 || layer.width < 1) {
      throw UsageError(fmt::format("layer '{}': {} units with maps of {} x {}", layer.name,
                                   layer.units, layer.height, layer.width));
    }
    if (std::find(state.names.begin(), state.names.end(), layer.name) != state.names.end()) {
      throw UsageError("two layers have the name '" + layer.name + "'");
    }
    state.names.push_back(layer.name);
    state.layers.emplace_back(layer.units, layer.height, layer.width, PhotosToKeep(k, also));
  }
  state.photos.resize(photo_count);
  return state;
}

void PushActivations(TallyState& state, std::span<const int32_t> photo_ids,
                     std::span<const ArrayView> activations) {
  CheckPhotoIds(state, photo_ids);
  CheckActivations(state, std::ssize(photo_ids), activations);
  for (size_t photo = 0; photo < photo_ids.size(); ++photo) {
    const int32_t id = photo_ids[photo];
    for (size_t i = 0; i < state.layers.size(); ++i) {
      LayerStatistics& layer = state.layers[i];
      const auto count = static_cast<size_t>(layer.units() * Positions(layer));
      layer.Add(id, {{layer.units(), layer.height(), layer.width()},
                     activations[i].values.subspan(photo * count, count)});
    }
    // The rest is known when a run is written. Until then the name is for messages.
    PhotoRecord record;
    record.name = std::to_string(id);
    state.photos[static_cast<size_t>(id)] = std::move(record);
  }
}

Run WritePushedRun(const PushedRunRequest& request, const PhotoSet& photos, TallyState state,
                   Progress& progress) {
  if (photos.photos.size() != state.photos.size()) {
    throw UsageError(fmt::format("activations of {} photos, but {} has {}", state.photos.size(),
                                 photos.root.string(), photos.photos.size()));
  }
  Validate(request.preprocessing);
  Validate(request.options);
  if (state.Seen() == 0) throw UsageError("no activations were pushed");
  RefuseFolder(request.folder, request.overwrite);
  FillRecords(photos, request.options, state, progress);
  RunManifest manifest = ManifestOf(request, photos, state);
  BeginRun(request.folder, manifest);
  const std::vector<UnitFacts> facts = SaveExemplars(request.folder, state, request.options);
  manifest.network_hash = HashExemplars(request.folder, manifest.layers);
  CompleteRun(request.folder, manifest, state, facts);
  return OpenRun(request.folder);
}

}  // namespace milan
