#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "milan/evaluate/distinctness.h"
#include "milan/evaluate/evaluation_data.h"
#include "milan/evaluate/interval.h"
#include "milan/evaluate/metric.h"

namespace milan {

/// One number of a row.
struct Score {
  std::string column;  ///< "bleu": in CSV and JSON.
  std::string title;   ///< "BLEU": in tables.
  Interval interval;   ///< 95 %, bootstrap over units.
  int decimals = 3;    ///< Shown in tables.
  /// False where resampling units says nothing, as of the share of distinct texts (a resample
  /// always repeats some); then only `interval.value` counts.
  bool has_interval = true;
};

/// Scores of one set of texts over the evaluated units, or over those of one certainty.
struct EvaluationRow {
  std::string name;
  std::string certainty;  ///< Empty: all units.
  int64_t units = 0;
  /// Agreement with the annotators: BLEU of the corpus (after CleanForBleu; 0 to 100), then the
  /// mean of each metric.
  std::vector<Score> agreement;
  /// How far the texts tell units apart: share of distinct texts, entropy in bits, and how well a
  /// unit is found by its text among 100 (unit_retrieval.h): mean reciprocal rank, share of firsts.
  std::vector<Score> distinction;
  Distinctness repeated;  ///< With the most frequent texts.

  /// Of that column, in either list; nullptr when it was not computed.
  const Score* Find(std::string_view column) const;
};

struct EvaluationOptions {
  BootstrapOptions bootstrap;
  /// Of the shuffled row, of the sample from which the constant description is chosen, and of the
  /// units among which a described one is sought.
  uint64_t seed = 1;
  int retrieval_candidates = 100;
  std::vector<std::string> constants;  ///< More texts to give to every unit.
  /// Rows of the units of each certainty in place of rows of all.
  bool by_certainty = false;
};

/// Rows, in this order:
/// - each set of descriptions, under its name;
/// - "constant": the same text for every unit, ConstantDescription of the training texts; then each
///   of options.constants, "constant: TEXT";
/// - "shuffled": the first set's descriptions, each given to another unit at random;
/// - "annotator": where a unit has two texts or more, the second one scored against the others.
/// A row that has nothing to score (no training texts, no second annotator) is left out. With
/// by_certainty, these for "clear" units, then "partly", "unclear", and any other word.
std::vector<EvaluationRow> Evaluate(const EvaluationData& data,
                                    const std::vector<TextMetric>& metrics,
                                    const EvaluationOptions& options);

/// The text that fits all the others best without knowing the unit: the one of `texts` with the
/// highest mean content-word F1 against a sample of them. Empty when `texts` is.
std::string ConstantDescription(const std::vector<std::string>& texts, uint64_t seed);

}  // namespace milan
