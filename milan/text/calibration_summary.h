#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace milan {

/// Descriptions whose confidence lies in [low, high) (the last bin holds high, too).
struct ReliabilityBin {
  double low = 0;
  double high = 0;
  int64_t units = 0;
  double confidence = 0;  ///< Mean of theirs; 0 without units.
  double right = 0;       ///< Part of them that are right; 0 without units.
};

/// How often descriptions of sets that mean nothing pass for reliable.
struct NullRate {
  std::string kind;  ///< "shuffled exemplars", "random photos", or the name of a run.
  int64_t sets = 0;
  double rate = 0;  ///< Part of them whose confidence reaches the threshold.
};

/// What is known of the confidences that a bundle gives: how it was found out is in
/// docs/confidence.md. All numbers are of units (or sets) that the confidences were not fitted on.
struct CalibrationSummary {
  double threshold = 0;     ///< Below it a description is no reliable one.
  double right_f1 = 0;      ///< A description is right from this content-word F1 on.
  int64_t units = 0;        ///< Annotated ones.
  double base_rate = 0;     ///< Part of them whose descriptions are right.
  double error = 0;         ///< Expected calibration error, ten bins.
  double chance_error = 0;  ///< The same of perfectly calibrated confidences of as many units.
  double auc = 0;           ///< A right one has a higher confidence than a wrong one: how often.
  double coverage = 0;      ///< Part of the units whose confidence reaches the threshold.
  double precision = 0;     ///< Part of these that are right.
  std::vector<ReliabilityBin> bins;
  std::vector<NullRate> nulls;
};

/// As JSON, and back. Numbers that are not finite are null. Throws kInput naming `name` and the
/// member.
std::string ToJsonText(const CalibrationSummary& summary);
CalibrationSummary CalibrationSummaryFromJson(const std::string& text, const std::string& name);

}  // namespace milan
