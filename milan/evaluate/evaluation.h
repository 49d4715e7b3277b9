#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milan/evaluate/evaluation_data.h"
#include "milan/evaluate/interval.h"
#include "milan/evaluate/word_vectors.h"

namespace milan {

/// Scores of one set of texts over the evaluated units, with 95 % intervals (bootstrap over units).
struct EvaluationRow {
  std::string name;
  int64_t units = 0;
  Interval bleu;                            ///< Of the corpus, after CleanForBleu; 0 to 100.
  std::optional<Interval> embedding_score;  ///< Mean over units; only with word vectors.
  Interval content_word_f1;                 ///< Mean over units.
};

struct EvaluationOptions {
  BootstrapOptions bootstrap;
  /// Of the shuffled row and of the sample from which the constant description is chosen.
  uint64_t seed = 1;
  /// Not owned; without it rows have no embedding score.
  const WordVectors* vectors = nullptr;
};

/// Rows, in this order:
/// - each set of descriptions, under its name;
/// - "constant": the same text for every unit, ConstantDescription of the training texts;
/// - "shuffled": the first set's descriptions, each given to another unit at random;
/// - "annotator": where a unit has two texts or more, the second one scored against the others.
/// A row that has nothing to score (no training texts, no second annotator) is left out.
std::vector<EvaluationRow> Evaluate(const EvaluationData& data, const EvaluationOptions& options);

/// The text that fits all the others best without knowing the unit: the one of `texts` with the
/// highest mean content-word F1 against a sample of them. Empty when `texts` is.
std::string ConstantDescription(const std::vector<std::string>& texts, uint64_t seed);

}  // namespace milan
