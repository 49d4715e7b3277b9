#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "milan/ablation/ablator.h"
#include "milan/actions/significance.h"
#include "milan/text/unit_list.h"

namespace milan {

// Editing by description: which of the units that speak of a cue are zeroed is decided on
// validation photos alone; what that does is then measured on others, beside controls.

/// Photos that a classifier is judged on. `judge` gives the verdicts of each set of edits, one per
/// photo, as Ablator::Judge does; photos with rank -1 do not count.
struct JudgedPhotos {
  std::string name;  ///< "clean", "counter-cue": for tables.
  std::vector<Verdict> baseline;
  std::function<std::vector<std::vector<Verdict>>(std::span<const EditSet>)> judge;
};

struct TargetedEditOptions {
  int64_t most = 50;     ///< Units removed at most.
  double tolerance = 0;  ///< By how much validation accuracy may fall, as a share.
  int trials = 5;        ///< Of each control.
  int points = 5;        ///< Numbers of units at which curves are measured.
  uint64_t seed = 1;     ///< Of the controls.
  BootstrapOptions bootstrap = {1, 2000};
};
/// Throws kUsage naming the option and its range.
void Validate(const TargetedEditOptions& options);

/// A unit and what zeroing it alone does to validation.
struct ScoredUnit {
  UnitName unit;
  Accuracy accuracy;
};

/// A difference with its p-value corrected (Holm) among all that a result compares.
struct CorrectedComparison {
  Comparison comparison;
  double adjusted = 1;
  bool IsSignificant() const { return adjusted < kAlpha; }
};

/// Accuracy over the number of zeroed units.
struct EditCurvePoint {
  int64_t units = 0;
  Interval edit;    ///< The chosen order.
  Interval random;  ///< Over trials; no trials: zeros.
  Interval sorted;  ///< The same.
};

/// What the edit does on photos that took no part in choosing it.
struct EditTest {
  std::string name;
  Interval before;
  Interval after;
  double mcnemar_p_value = 1;          ///< Of after against before, photo by photo.
  CorrectedComparison change;          ///< After less before.
  CorrectedComparison against_random;  ///< After less that of as many random units.
  CorrectedComparison against_sorted;  ///< After less that of as many units of any description.
  std::vector<double> random_trials;   ///< Accuracy of each.
  std::vector<double> sorted_trials;
  std::vector<EditCurvePoint> curve;  ///< From 0 units on; holds the chosen number.
};

struct TargetedEdit {
  std::vector<ScoredUnit> order;   ///< All candidates, least harmful first.
  std::vector<double> validation;  ///< Accuracy with the first 0, 1, 2, ... units zeroed.
  int64_t validation_photos = 0;
  int64_t chosen = 0;  ///< How many are removed.
  std::vector<EditTest> tests;

  EditSet Edits() const;  ///< Of the chosen units.
};

/// 1. Scores each of `candidates` by validation accuracy with it alone zeroed; orders them least
///    harmful first (more right, then more among the first five, then in the order given).
/// 2. Chooses the longest beginning of that order for which no beginning of it lets validation
///    accuracy fall by more than the tolerance.
/// 3. Measures it on `tests`, beside controls of as many units: random units that are no
/// candidates,
///    each of the same layer as the one it stands for; and "sorted" ones: as many units of any
///    description as there are candidates, drawn layer by layer alike, scored and ordered as these,
///    the first taken. The difference to the latter is what descriptions add to mere selection.
/// `all` are the units that controls are drawn from. Without a chosen unit tests have no controls.
TargetedEdit ChooseEdit(const std::vector<UnitName>& candidates, const std::vector<UnitName>& all,
                        const JudgedPhotos& validation, const std::vector<JudgedPhotos>& tests,
                        const TargetedEditOptions& options);

/// Divides labelled photos in two: `part` of them true, of each class alike as far as possible.
/// Photos without a label (-1) are false.
std::vector<bool> DrawPart(std::span<const int32_t> labels, double part, uint64_t seed);

/// How many of the first edits to take: the longest beginning all of whose accuracies, from [1] on,
/// are at least accuracies[0] - tolerance.
int64_t LongestHarmless(std::span<const double> accuracies, double tolerance);

}  // namespace milan
