#pragma once

#include <string>

namespace milan {

/// What a description is chosen by among the candidates of the beam search.
enum class Criterion {
  kPmi,         ///< "pmi": log p(d|E) - lambda log p(d), as the paper.
  kLikelihood,  ///< "likelihood": log p(d|E).
  /// "consensus": expected agreement with the other candidates, drawn by their pmi, and with the
  /// words that the word predictor tells (records 0013, 0015).
  kConsensus,
};
/// Throws kUsage naming the three.
Criterion ParseCriterion(const std::string& name);
std::string ToString(Criterion criterion);

/// What p(d) is in pmi.
enum class Prior {
  kLanguage,  ///< "language": the language model's, as the paper.
  kNetwork,   ///< "network": the mean of p(d|E) over other units of the network.
};
/// Throws kUsage naming the two.
Prior ParsePrior(const std::string& name);
std::string ToString(Prior prior);

}  // namespace milan
