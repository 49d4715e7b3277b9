#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/captioner/criterion.h"
#include "milan/captioner/train.h"
#include "milan/network/engine.h"
#include "milan/text/calibration_summary.h"

namespace milan {

struct CalibrateOptions {
  /// Annotated networks. The bundle must not have been trained on the annotations of `split`.
  std::vector<TrainingSource> sources;
  /// Runs whose units mean nothing, such as a network's with random weights: more null sets.
  std::vector<Path> null_runs;

  // Affects results.
  std::string split = "val";  ///< Of the annotations; those that do not say theirs count, too.
  std::vector<std::string> certainties;  ///< Empty: all.
  /// A description is right when its content-word F1 with the unit's best annotation is at least
  /// this. The default, all but a third, tells apart best (docs/confidence.md).
  double right_f1 = 0.33;
  double false_label_rate = 0.05;  ///< Of null sets of each kind that may pass for reliable.
  int null_sets = 400;             ///< Of each kind, at most.
  int beam_size = 50;
  Criterion criterion = Criterion::kConsensus;
  double pmi_weight = 0.2;
  int length = 15;
  uint64_t seed = 1;

  EngineOptions engine = {};  ///< Of the encoder.
  int workers = 0;            ///< 0: one per processor. Affects speed only.
};
/// Throws kUsage naming the option and its range.
void Validate(const CalibrateOptions& options);

/// A network that was left out: what the confidences fitted on the others are worth on it.
struct LeftOutNetwork {
  std::string name;
  CalibrationSummary summary;
};

/// A description that was examined: of an annotated unit, or of a null set.
struct ExaminedDescription {
  std::string network;
  std::string kind;   ///< "annotated", or a kind of null set.
  std::string layer;  ///< Of annotated units and those of null runs, as `unit`.
  int64_t unit = -1;
  std::string text;
  double agreement = 0;  ///< Content-word F1 with the best annotation, of annotated units.
  bool is_right = false;
  /// By a model that was fitted on other units (null sets: on all).
  double confidence = 0;
  std::vector<double> signals;
};

struct CalibrationReport {
  CalibrationSummary summary;            ///< By cross-validation over units; also in the bundle.
  std::vector<LeftOutNetwork> left_out;  ///< With two networks or more.
  std::vector<std::string> signal_names;
  std::vector<double> weights;  ///< Of the standardised signals.
  std::vector<ExaminedDescription> descriptions;
};

/// Fits how sure the bundle's descriptions may be, and writes it into the bundle. Null sets are
/// exemplars of different units of a run mixed, random photos under masks of random units, and the
/// units of null_runs; half of each kind gives the threshold, the other half the rates in the
/// result. Throws kInput when the annotations have no usable unit of the split.
CalibrationReport Calibrate(const Path& bundle, const CalibrateOptions& options,
                            Progress& progress);

}  // namespace milan
