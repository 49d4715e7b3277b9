#pragma once

// Private to this module, without libtorch: what a bundle is calibrated on.

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/progress.h"
#include "milan/captioner/calibrate.h"
#include "milan/captioner/encoder.h"

namespace milan {

/// A unit, or a set of regions that is none, to be described.
struct CalibrationSet {
  std::string network;  ///< Name of the run's folder.
  std::string kind;     ///< As in ExaminedDescription.
  std::string layer;
  int64_t unit = -1;
  std::vector<std::string> texts;  ///< Of the annotators.
};

inline constexpr const char* kAnnotated = "annotated";
inline constexpr const char* kShuffled = "shuffled exemplars";
inline constexpr const char* kRandomPhotos = "random photos";

struct CalibrationData {
  std::vector<CalibrationSet> sets;  ///< The annotated ones first.
  Array features;                    ///< [sets, k, features]
  int64_t annotated = 0;
};

/// Reads the sources' annotations and computes the region features of everything. Photos of all
/// runs are where they were; all runs have the same k. Throws kInput.
CalibrationData ReadCalibrationData(const CalibrateOptions& options, const Encoder& encoder,
                                    Progress& progress);

}  // namespace milan
