#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/captioner/region_parts.h"
#include "milan/image/image.h"
#include "milan/image/preprocess.h"
#include "milan/network/engine.h"

namespace milan {

/// The part of a photo that a network with the preprocessing `view` sees, at width x height pixels,
/// resampled from the original (docs/decisions/0003).
Image ViewOf(const Image& photo, const Preprocessing& view, int width, int height);

/// The network that gives region features: an ONNX network whose sidecar names `levels`, values
/// [N, channels, height, width] from fine to coarse, and, when the features are of another kind
/// than the reference's, `regions` (region_parts.h). Nothing after the last level runs. Immutable
/// and thread-safe.
class Encoder {
 public:
  /// Throws kInput naming the file: no sidecar, no member "levels", a level that does not exist or
  /// is no map.
  static Encoder Open(const Path& network, const EngineOptions& options = {});

  /// Of the input picture.
  int height() const { return preprocessing_.Height(); }
  int width() const { return preprocessing_.Width(); }
  const std::vector<std::string>& levels() const { return levels_; }
  /// What the features tell of an exemplar.
  Regions regions() const { return regions_; }
  /// Features of one exemplar.
  int64_t feature_size() const { return RegionFeatureSize(regions_, channels_); }
  /// Hash of network and sidecar.
  const std::string& hash() const { return hash_; }

  /// Runs on the part of `photo` that a network with the preprocessing `view` sees. `receiver` gets
  /// one view per level.
  void Run(const Image& photo, const Preprocessing& view, const Engine::Receiver& receiver) const;
  /// Runs on a picture of the input's size.
  void Run(const Image& picture, const Engine::Receiver& receiver) const;

  /// Writes the network, cut after its last level, and its sidecar to another place.
  void Save(const Path& network) const;

 private:
  Encoder(Network network, std::string sidecar, Preprocessing preprocessing,
          const EngineOptions& options);

  Network network_;
  std::string sidecar_;
  Preprocessing preprocessing_;
  std::vector<std::string> levels_;
  Regions regions_ = Regions::kMasked;
  int64_t channels_ = 0;  ///< Of all levels together.
  std::string hash_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace milan
