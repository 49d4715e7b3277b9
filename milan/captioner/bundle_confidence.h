#pragma once

// Private to this module: the part of a bundle that says how sure its descriptions are
// (docs/formats.md): confidence.json and confidence.safetensors, both or neither.

#include <cstdint>
#include <optional>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/captioner/confidence.h"
#include "milan/text/calibration_summary.h"

namespace milan {

/// How the descriptions were searched that the confidences were fitted on; with other options
/// confidences are less exact.
struct CalibratedSearch {
  int beam_size = 50;
  int length = 15;
  double pmi_weight = 0.2;
  Criterion criterion = Criterion::kConsensus;
  int64_t k = 15;  ///< Exemplars per unit.
};

/// All that turns a unit's features and candidates into a confidence.
struct Calibration {
  ConfidenceModel model;
  SignalOptions signals;
  CalibratedSearch search;
  CalibrationSummary summary;
  Array null_regions;  ///< [rows, features], at least two rows; half precision in the file.
};

/// Null regions kept at most: so many bytes in half precision, and so many rows.
inline constexpr int64_t kNullRegionBytes = 1 << 20;
inline constexpr int64_t kNullRegionRows = 1024;

/// Puts a calibration into a bundle, in the place of an older one. Whatever happens meanwhile, the
/// folder is a valid bundle at every moment: without a calibration, or with this one. Throws
/// kResource.
void WriteCalibration(const Path& bundle, const Calibration& calibration);

/// The calibration of a bundle, if its bundle.json lists one (whose hashes ReadBundleManifest has
/// compared). `features`: size of the decoder's features. Throws kInput naming file and member.
std::optional<Calibration> ReadCalibration(const Path& bundle, int64_t features);

}  // namespace milan
