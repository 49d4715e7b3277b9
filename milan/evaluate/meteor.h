#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "milan/evaluate/word_net.h"

namespace milan {

struct MeteorOptions {
  double recall_weight = 0.9;     ///< alpha in P R / (alpha P + (1 - alpha) R).
  double penalty_weight = 0.5;    ///< gamma: the greatest penalty.
  double penalty_exponent = 3.0;  ///< beta
};

/// METEOR of Banerjee and Lavie (2005): words of the prediction are matched one to one with words
/// of a reference, in three stages - equal words, equal stems (porter_stemmer.h), words that share
/// a set of synonyms of WordNet - and scattered matches are penalised:
///
///   P = matches / words of the prediction, R = matches / words of the reference
///   score = P R / (alpha P + (1 - alpha) R) * (1 - gamma (chunks / matches)^beta)
///
/// chunks: runs of neighbouring words matched with neighbouring words in the same order. Of several
/// references the best one counts. Words are lower-case tokens (text/tokenizer.h) without
/// punctuation. In a stage the prediction's words choose from left to right, each a word that goes
/// on with the chunk before it or can go on with the next word, else the first one. (Later METEOR
/// versions have tuned weights and a table of paraphrases; this has neither.)
class MeteorScorer {
 public:
  /// `word_net` must outlive the scorer.
  explicit MeteorScorer(const WordNet& word_net, const MeteorOptions& options = {})
      : word_net_(&word_net), options_(options) {}

  /// Score in [0, 1); 0 when nothing matches. Not thread-safe: remembers which words are synonyms.
  double Score(std::string_view prediction, const std::vector<std::string>& references);

 private:
  double ScoreAgainst(const std::vector<std::string>& prediction,
                      const std::vector<std::string>& reference);
  bool AreSynonyms(const std::string& a, const std::string& b);

  const WordNet* word_net_;
  MeteorOptions options_;
  std::map<std::pair<std::string, std::string>, bool> synonyms_;
};

}  // namespace milan
