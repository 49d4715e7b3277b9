#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/captioner/encoder.h"
#include "milan/exemplar/run.h"
#include "milan/text/unit_list.h"

namespace milan {

// Private to the module.

/// Region features of a run's units, kept in a folder from one command to the next: a file per
/// layer, named by everything that its features depend on, with the units that were ever asked for.
/// What trains on some units and what looks others up share it, and only missing units are
/// computed.
class FeatureCache {
 public:
  /// Gives the features [units, k, features] of units that are grouped by layer and ascending.
  using Compute = std::function<Array(const std::vector<UnitName>& units)>;

  /// The folder is made when something is kept.
  FeatureCache(Path folder, const RunManifest& run, const Encoder& encoder);

  /// Features [units, k, features] in the order of `units`, rounded to half precision whether they
  /// were there or not, so that the first and a later command see the same bits. Processes may
  /// share a folder: at worst one computes again what another has. Throws kInput naming a file that
  /// is damaged or has other sizes.
  Array Features(const std::vector<UnitName>& units, const Compute& compute) const;

 private:
  Path FileOf(const std::string& layer) const;
  /// Adds units of one layer, with their features [units, k, features], to its file.
  void Keep(std::span<const UnitName> units, std::span<const float> features) const;
  /// Rounded to half precision.
  std::vector<float> ComputeAndKeep(const std::vector<UnitName>& units,
                                    const Compute& compute) const;

  Path folder_;
  std::string source_;  ///< What the features depend on, but for the layer.
  int64_t k_;
  int64_t size_;
};

}  // namespace milan
