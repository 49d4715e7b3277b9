#pragma once

// Private to the module: where an imported run's photos come from.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "milan/exemplar/import.h"
#include "milan/exemplar/milan_layout.h"

namespace milan {

/// The photos of an imported run, and which of them the ids of the imported files mean.
struct ImportedPhotos {
  Path root;                         ///< Absolute.
  std::vector<PhotoRecord> records;  ///< The run's photos.csv.
  Preprocessing preprocessing;       ///< How they become the pictures that the masks belong to.
  /// Run's id of each id in the files; empty: they are the same.
  std::unordered_map<int32_t, int32_t> ids;

  int32_t IdOf(int32_t id) const { return ids.empty() || id < 0 ? id : ids.at(id); }
};

/// Lists options.photos, reads those that are exemplars, and holds them against images.npy where
/// there is one. Throws kInput: an id beyond the photos, an unreadable photo, another picture.
ImportedPhotos UsePhotos(const std::vector<MilanLayer>& layers, const ImportOptions& options,
                         Progress& progress);

/// Checks that UnpackPhotos can have a picture for every exemplar, before anything is written.
/// Throws kUsage or kInput.
void CheckImages(const std::vector<MilanLayer>& layers);

/// Writes each distinct picture of images.npy once, as <id>.png in `folder`. Throws kInput when two
/// exemplars with the same id show different pictures.
ImportedPhotos UnpackPhotos(const std::vector<MilanLayer>& layers, const Path& folder, int workers,
                            Progress& progress);

}  // namespace milan
