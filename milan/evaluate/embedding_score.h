#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "milan/evaluate/word_vectors.h"

namespace milan {

/// Similarity of short texts by the meaning of their words: BERTScore's greedy matching over static
/// word vectors instead of contextual ones.
///
///   s(a, b) = 1 for equal words, else max(0, cosine of their vectors), 0 for unknown words
///   P = sum_{a in prediction} idf(a) max_{b in reference} s(a, b) / sum_a idf(a);  R vice versa
///   score = 2 P R / (P + R), the maximum over the references
///   idf(w) = ln((N + 1) / (n(w) + 1)): n(w) of all N references contain w
///
/// Words are tokens (text/tokenizer.h); punctuation weighs little because it is frequent. Not
/// rescaled (metric.h can): look at the scores of shuffled and constant descriptions to judge a
/// value.
class EmbeddingScorer {
 public:
  /// `vectors` must outlive the scorer. `references`: all reference texts, for idf.
  EmbeddingScorer(const WordVectors& vectors, const std::vector<std::string>& references);

  /// Score in [0, 1]; 0 when the prediction or all references are empty. Not thread-safe: remembers
  /// the words of the texts that it has seen.
  double Score(const std::string& prediction, const std::vector<std::string>& references);

 private:
  struct Word {
    std::string text;
    std::span<const float> vector;  ///< Empty for unknown words.
    double idf = 0;
  };
  static double Similarity(const Word& a, const Word& b);
  /// Weighted mean over `words` of the similarity to the most similar of `others`.
  static double Coverage(const std::vector<Word>& words, const std::vector<Word>& others);
  const std::vector<Word>& WordsOf(const std::string& text);
  double Idf(const std::string& word) const;

  const WordVectors* vectors_;
  double reference_count_;
  std::unordered_map<std::string, int> document_counts_;
  std::unordered_map<std::string, std::vector<Word>> words_of_;
};

}  // namespace milan
