#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "milan/base/array.h"

namespace milan {

/// A text as an encoder of words in context sees it.
struct EncodedText {
  std::vector<int64_t> ids;  ///< Token ids; the first and the last mark beginning and end.
  Array vectors;             ///< [ids.size(), size]
};

/// Encodes a text; the same text always gives the same result.
using TextEncoder = std::function<EncodedText(const std::string& text)>;

/// BERTScore (Zhang et al., 2020) with idf weights, as bert_score 0.3 defines it:
///
///   P = sum_{a in prediction} w(a) max_{b in reference} cos(a, b) / sum_a w(a);  R vice versa
///   F = 2 P R / (P + R), the maximum over the references
///   w(t) = ln((N + 1) / (n(t) + 1)): n(t) of all N references contain t; 0 for the marks of
///   beginning and end, which others may still be matched with
///
/// Not rescaled (metric.h can). Scores depend on the encoder and the layer that its vectors are of:
/// only scores of the same ones compare.
class BertScorer {
 public:
  /// `references`: all reference texts, for idf; each counts as often as it is given.
  BertScorer(TextEncoder encoder, const std::vector<std::string>& references);

  /// F, at most 1; 0 when the prediction or all references are empty. Not thread-safe: encodes a
  /// text when it is first seen and remembers it.
  double Score(const std::string& prediction, const std::vector<std::string>& references);

 private:
  /// Tokens with vectors of length 1 and weights that sum to 1 (or are all 0).
  struct Tokens {
    std::vector<double> weights;
    std::vector<float> vectors;  ///< [tokens, size]
    size_t size = 0;
  };
  const Tokens& TokensOf(const std::string& text);
  Tokens Weighted(EncodedText encoded) const;
  static double F(const Tokens& prediction, const Tokens& reference);

  TextEncoder encoder_;
  double reference_count_;
  std::unordered_map<int64_t, int64_t> document_counts_;
  std::unordered_map<std::string, Tokens> tokens_of_;
};

}  // namespace milan
