#pragma once

#include <string>

namespace milan {

/// What a description is chosen by among the candidates of the beam search.
enum class Criterion {
  kPmi,         ///< "pmi": log p(d|E) - lambda log p(d), as the paper.
  kLikelihood,  ///< "likelihood": log p(d|E).
  /// "consensus": expected agreement with the other candidates, drawn by their pmi (record 0013).
  kConsensus,
};
/// Throws kUsage naming the three.
Criterion ParseCriterion(const std::string& name);
std::string ToString(Criterion criterion);

}  // namespace milan
