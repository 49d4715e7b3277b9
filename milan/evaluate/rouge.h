#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace milan {

/// Lower-case runs of a-z and 0-9, as Google's rouge_score splits a text: everything else separates
/// and is dropped. With `stemming`, words of more than three letters are cut to their stems
/// (porter_stemmer.h).
std::vector<std::string> RougeTokens(std::string_view text, bool stemming);

/// The F-measures of one text.
struct RougeScores {
  double rouge_1 = 0;  ///< Words in common.
  double rouge_2 = 0;  ///< Pairs of neighbouring words in common.
  double rouge_l = 0;  ///< Longest common subsequence of words.
};

/// ROUGE as rouge_score defines it: 2 P R / (P + R) of clipped n-grams or of the longest common
/// subsequence, 0 when one text has none; of several references each score takes the best one.
RougeScores Rouge(std::string_view prediction, const std::vector<std::string>& references,
                  bool stemming = false);

}  // namespace milan
