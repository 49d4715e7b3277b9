#include "milan/exemplar/cluster_run.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "milan/base/array.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/version.h"
#include "milan/exemplar/photo_clusters.h"
#include "milan/exemplar/photo_places.h"
#include "milan/exemplar/run_steps.h"
#include "milan/exemplar/tally.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

constexpr float kMaskThreshold = 0.5F;  ///< Below the 1 that every map has.

/// Which photos are exemplars, and what is known of the photos.
class ClusterPhotos {
 public:
  ClusterPhotos(const ClusterRunRequest& request, const PhotoSet& set, ClusterTable& table)
      : request_(request), set_(set), table_(table), was_read_(set.photos.size(), false) {
    for (const Photo& photo : set.photos) {
      records_.push_back({.name = photo.name,
                          .bytes = photo.bytes,
                          .hash = {},
                          .width = 0,
                          .height = 0,
                          .failure = {}});
    }
  }

  /// Reads the first k of every cluster; one that is broken leaves its clusters, and the next take
  /// its place, until all are readable.
  void Read(Progress& progress) {
    while (true) {
      std::vector<PhotoPlace> unread;
      for (const PhotoCluster& cluster : table_.clusters) {
        for (const ClusterMember& member : First(cluster)) {
          if (!was_read_[Index(member)]) unread.push_back({member.photo, 0, 0});
        }
      }
      if (unread.empty()) return;
      for (const PhotoPlace& place : unread) was_read_[static_cast<size_t>(place.photo)] = true;
      ForEachPhoto(unread, {"photos", request_.workers}, progress,
                   [&](std::span<const PhotoPlace> places) { ReadPhoto(places.front().photo); });
      Drop(progress);
    }
  }

  std::span<const ClusterMember> First(const PhotoCluster& cluster) const {
    const auto k = static_cast<size_t>(request_.k);
    return std::span(cluster.members).first(std::min(k, cluster.members.size()));
  }
  const std::vector<PhotoRecord>& records() const { return records_; }

 private:
  static size_t Index(const ClusterMember& member) { return static_cast<size_t>(member.photo); }

  void ReadPhoto(int32_t photo) {
    const auto id = static_cast<size_t>(photo);
    PhotoRecord& record = records_[id];
    const DecodeResult decoded = LoadPhoto(set_, id, &record.hash);
    record.failure = decoded.failure;
    record.width = decoded.image.width;
    record.height = decoded.image.height;
    if (!decoded.ok() && request_.strict) {
      throw InputError(set_.PathOf(id).string() + ": " + decoded.failure);
    }
  }

  /// Takes the broken ones out.
  void Drop(Progress& progress) {
    std::vector<bool> was_told(records_.size(), false);
    for (PhotoCluster& cluster : table_.clusters) {
      std::erase_if(cluster.members, [&](const ClusterMember& member) {
        const PhotoRecord& record = records_[Index(member)];
        if (record.failure.empty()) return false;
        if (!was_told[Index(member)]) {
          progress.Warn(record.name + ": " + record.failure + "; skipped");
          was_told[Index(member)] = true;
        }
        return true;
      });
      if (cluster.members.empty()) {
        throw InputError(fmt::format("{}: no photo of cluster {} can be read",
                                     request_.clusters.string(), cluster.name));
      }
    }
  }

  const ClusterRunRequest& request_;
  const PhotoSet& set_;
  ClusterTable& table_;
  std::vector<PhotoRecord> records_;
  std::vector<bool> was_read_;
};

RunManifest ManifestOf(const ClusterRunRequest& request, const PhotoSet& set,
                       const ClusterTable& table) {
  RunManifest manifest;
  manifest.milan_version = Version();
  manifest.engine_version = "none (photos were grouped in clusters)";
  manifest.device = "none";
  manifest.network_path = fs::absolute(request.clusters).lexically_normal().string();
  manifest.network_hash = HashFile(request.clusters);
  manifest.photos_path = fs::absolute(request.photos).string();
  manifest.photo_root = set.root.string();
  manifest.photo_count = std::ssize(set.photos);
  manifest.preprocessing = request.preprocessing;
  manifest.k = request.k;
  manifest.border = MaskBorder::kClamp;
  RunLayer layer = {request.layer.empty() ? request.clusters.stem().string() : request.layer,
                    std::ssize(table.clusters), 1, 1};
  for (const PhotoCluster& cluster : table.clusters) layer.unit_names.push_back(cluster.name);
  manifest.layers.push_back(std::move(layer));
  return manifest;
}

/// Maps are 1 everywhere, above the threshold: the mask is the whole photo.
ExemplarSet SetOf(const RunManifest& manifest, const ClusterTable& table,
                  const ClusterPhotos& photos) {
  ExemplarSet set;
  set.layer = manifest.layers.front().name;
  set.units = manifest.layers.front().units;
  set.k = manifest.k;
  set.height = set.width = 1;
  set.quantile = manifest.quantile;
  set.border = manifest.border;
  const auto units = static_cast<size_t>(set.units);
  const size_t places = units * static_cast<size_t>(set.k);
  set.photo_ids.assign(places, -1);
  set.activations.assign(places, 0);
  set.maps.assign(places, 0);
  set.thresholds.assign(units, kMaskThreshold);
  set.minima.assign(units, 0);
  set.maxima.assign(units, 1);
  set.states.assign(units, UnitState::kAlive);
  for (size_t unit = 0; unit < units; ++unit) {
    size_t place = unit * static_cast<size_t>(set.k);
    for (const ClusterMember& member : photos.First(table.clusters[unit])) {
      set.photo_ids[place] = member.photo;
      set.activations[place] = member.score;
      set.maps[place++] = ToHalf(1);
      // At least 1, above the threshold, or the unit would count as saturated.
      set.maxima[unit] = std::max(set.maxima[unit], member.score);
    }
  }
  return set;
}

void Validate(const ClusterRunRequest& request) {
  TallyOptions options;
  options.k = request.k;
  options.workers = request.workers;
  Validate(options);
  Validate(request.preprocessing);
}

std::vector<UnitFacts> NamedFacts(const ExemplarSet& set, const RunLayer& layer) {
  std::vector<UnitFacts> facts = FactsOf(set);
  for (UnitFacts& fact : facts) fact.name = layer.unit_names[static_cast<size_t>(fact.unit)];
  return facts;
}

}  // namespace

Preprocessing WholePhoto() {
  constexpr int kSide = 224;
  Preprocessing preprocessing;
  preprocessing.shorter_side = 0;
  preprocessing.size = {kSide, kSide};
  preprocessing.crop = {0, 0};
  return preprocessing;
}

Run MakeClusterRun(const ClusterRunRequest& request, Progress& progress) {
  Validate(request);
  const PhotoSet set = OpenPhotoSet(request.photos);
  ClusterTable table = ReadClusters(request.clusters, set, request.ascending);
  RefuseFolder(request.folder, request.overwrite);
  ClusterPhotos photos(request, set, table);
  photos.Read(progress);
  const RunManifest manifest = ManifestOf(request, set, table);
  // From here on the folder is written; until the end its manifest says that it is incomplete.
  BeginRun(request.folder, manifest);
  CreateFolder(request.folder / "exemplars");
  const ExemplarSet exemplars = SetOf(manifest, table, photos);
  exemplars.Save(request.folder / "exemplars" / (LayerFileName(exemplars.layer) + ".safetensors"));
  TallyState state;  // which photos there are; nothing was tallied
  state.photos.assign(photos.records().begin(), photos.records().end());
  CompleteRun(request.folder, manifest, state, NamedFacts(exemplars, manifest.layers.front()));
  return OpenRun(request.folder);
}

}  // namespace milan
