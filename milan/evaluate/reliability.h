#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "milan/evaluate/evaluation_data.h"
#include "milan/text/calibration_summary.h"
#include "milan/text/descriptions.h"

namespace milan {

/// One description: how sure its maker was, 0 to 1, and whether it was right.
struct JudgedDescription {
  double confidence = 0;
  bool is_right = false;
};

inline constexpr int kReliabilityBins = 10;

/// Equal parts of 0 to 1. REQUIRES: count >= 1.
std::vector<ReliabilityBin> ReliabilityBins(std::span<const JudgedDescription> judged,
                                            int count = kReliabilityBins);

/// Expected calibration error: |mean confidence - part that is right|, averaged over the bins with
/// the number of their units as weight. NaN without bins' units.
double ExpectedCalibrationError(std::span<const ReliabilityBin> bins);

/// What that error is on average when each description is right with exactly its confidence:
/// how much of an error is the small number of units alone. Reproducible for a seed.
double ChanceCalibrationError(std::span<const JudgedDescription> judged, uint64_t seed);

/// How often a right description has a higher confidence than a wrong one (equal ones count half):
/// 0.5 says nothing, 1 separates them. NaN when all are right or all are wrong.
double AreaUnderCurve(std::span<const JudgedDescription> judged);

/// The described units of `data` (its first set of texts, joined from `descriptions`) that have a
/// confidence. Right is a content-word F1 of `right_f1` or more with the best annotation.
std::vector<JudgedDescription> Judge(const Descriptions& descriptions, const EvaluationData& data,
                                     double right_f1);

/// Whether so much agreement is right; shares such as 1/3 that are equal but for rounding are.
bool IsRight(double content_word_f1, double right_f1);

/// units, base rate, error, chance_error, AUC, bins, and coverage and precision at the threshold.
CalibrationSummary SummarizeReliability(std::span<const JudgedDescription> judged, double threshold,
                                        uint64_t seed);

}  // namespace milan
