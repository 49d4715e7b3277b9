#pragma once

// Without libtorch: what is measured of a description becomes a probability that it is right.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/captioner/criterion.h"

namespace milan {

/// How a description is examined. All of it affects confidences.
struct SignalOptions {
  int null_sets = 24;     ///< Sets of regions that mean nothing, under which it is scored.
  int resamples = 8;      ///< Halves of the exemplars that are described, too.
  int resample_beam = 4;  ///< Hypotheses kept for these.
  int length = 15;        ///< Of these, in tokens.
  double pmi_weight = 0.2;
  Criterion criterion = Criterion::kConsensus;
  uint64_t seed = 1;
};

/// Logistic regression on standardised signals. Immutable once fitted.
struct ConfidenceModel {
  struct Term {
    std::string signal;
    double mean = 0;   ///< Of the calibration units.
    double scale = 1;  ///< Their standard deviation; > 0.
    double weight = 0;
  };
  std::vector<Term> terms;
  double bias = 0;
  /// Signals farther from the mean than so many standard deviations count as that far: a straight
  /// line is not believed beyond the units that it was fitted on.
  static constexpr double kFarthest = 3;

  /// Probability of being right. `signals` are parallel to `terms`; NaN counts as the mean.
  double Confidence(std::span<const double> signals) const;
};

/// One unit to fit on.
struct CalibrationUnit {
  std::vector<double> signals;
  bool is_right = false;
  std::string network;  ///< Where it is from: networks are left out to see what holds elsewhere.
};

struct FitOptions {
  double ridge = 1;  ///< Penalty ridge/2 * |weights|^2; the bias has none.
  uint64_t seed = 1;
  int folds = 10;
};

/// Maximum likelihood with that penalty (Newton's method). Weights are 0 and the bias is the
/// (smoothed) log odds where all units are right or all are wrong. `names` are the signals'.
/// REQUIRES: units, all with as many signals as names.
ConfidenceModel FitConfidence(std::span<const CalibrationUnit> units,
                              const std::vector<std::string>& names, const FitOptions& options);

/// The confidence of each unit by a model fitted on other units: cross-validation over `folds`
/// random parts (fewer when there are fewer units).
std::vector<double> CrossValidate(std::span<const CalibrationUnit> units,
                                  const std::vector<std::string>& names, const FitOptions& options);

/// The smallest confidence that no more than `rate` of the null sets of each kind reach or exceed:
/// just above that quantile of the worst kind. 0 without sets. `nulls`: confidences by kind.
double ThresholdFor(std::span<const std::vector<double>> nulls, double rate);

/// Part of the confidences that reach the threshold; 0 without any.
double PassRate(std::span<const double> confidences, double threshold);

}  // namespace milan
