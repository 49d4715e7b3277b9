#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace milan {

/// What the reference implementation does to a text before BLEU: lower case, leading and trailing
/// dots and spaces removed.
std::string CleanForBleu(std::string_view text);

/// The "13a" tokenisation of machine translation evaluations (mteval-v13a): XML entities resolved,
/// punctuation split off except within numbers.
std::vector<std::string> BleuTokens(std::string_view text);

/// Longest n-gram that BLEU counts.
inline constexpr size_t kBleuOrder = 4;

/// What BLEU counts in one text or, summed, in a corpus.
struct BleuCounts {
  std::array<int64_t, kBleuOrder> matched{};  ///< n-grams also in a reference (clipped).
  std::array<int64_t, kBleuOrder> total{};    ///< n-grams of the predictions.
  int64_t length = 0;                         ///< Tokens of the predictions.
  /// Tokens of the references closest in length, the shorter one of two equally close.
  int64_t reference_length = 0;

  BleuCounts& operator+=(const BleuCounts& other);
};

/// Counts of one text against all of its references. REQUIRES: at least one reference.
BleuCounts CountBleu(std::string_view prediction, const std::vector<std::string>& references);

/// BLEU of counts, 0 to 100: geometric mean of the n-gram precisions (an order without a match
/// counts 1/2, 1/4, ... of a match: "exponential smoothing") times the brevity penalty. 0 when a
/// prediction is too short for an order; with `effective_order` such orders are left out instead.
double Bleu(const BleuCounts& counts, bool effective_order = false);

/// BLEU of a corpus with the defaults of sacreBLEU. `references[i]` are all texts of item i, of any
/// number (the reference implementation cuts every item to the smallest number of any). Texts are
/// taken as they are: see CleanForBleu. 0 for an empty corpus.
/// REQUIRES: as many reference lists as predictions, none empty.
double CorpusBleu(std::span<const std::string> predictions,
                  std::span<const std::vector<std::string>> references);

/// BLEU of one text, with effective order.
double SentenceBleu(std::string_view prediction, const std::vector<std::string>& references);

}  // namespace milan
