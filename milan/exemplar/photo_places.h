#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "milan/base/progress.h"

namespace milan {

/// Where a photo is an exemplar.
struct PhotoPlace {
  int32_t photo = 0;
  size_t layer = 0;
  int64_t index = 0;  ///< unit * k + rank
  friend auto operator<=>(const PhotoPlace&, const PhotoPlace&) = default;
};

/// Appends the places of one layer's photo ids [units, k]; those without a photo (-1) are left out.
void AddPlaces(std::span<const int32_t> photo_ids, size_t layer, std::vector<PhotoPlace>& places);

/// How ForEachPhoto shows its progress and how many photos it takes at once (0: processors).
struct PhotoStage {
  std::string name;
  int workers = 0;
};

/// Calls `work` once for every photo with all its places, in the order of the photos and from
/// several threads. A photo is so decoded once, however many units it excites, and no more photos
/// than workers are in memory. Stops with kCancelled when the user asked for it.
void ForEachPhoto(std::vector<PhotoPlace> places, const PhotoStage& stage, Progress& progress,
                  const std::function<void(std::span<const PhotoPlace>)>& work);

}  // namespace milan
