#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <torch/torch.h>

namespace milan {

/// Which content words (evaluate/content_words.h) an annotator would use for a unit, by ridge
/// regression on its region features averaged over the exemplars. A second opinion on the decoder's
/// texts: it knows no grammar, but is linear and held back, so it errs elsewhere (decision record
/// 0015). Words count by how rare they are in the annotations it has learnt from.
struct WordPredictorImpl : torch::nn::Module {
  /// Knows nothing yet. `words`: content words, each once. `features`: of one exemplar.
  WordPredictorImpl(std::vector<std::string> words, int64_t features);

  const std::vector<std::string>& words() const { return words_; }

  /// Of units with `features` [units, k, features]: [units, words], rows of length 1. Above zero is
  /// a word said more often of such units than of others.
  torch::Tensor Predict(const torch::Tensor& features) const;

  /// How well a text fits a row of Predict: the cosine of its words with the row, -1 to 1. `said`:
  /// the text's words as places in words(), each once. A text that says none of them gets 0.
  double Agreement(std::span<const float> predicted, std::span<const int> said) const;

  /// Whether all values are finite, rarities not below zero and deviations above it.
  bool IsSound() const;

  /// What is learnt: [features, words], each word's column times its rarity, ...
  torch::Tensor weights;
  torch::Tensor rarity;     ///< [words], the root of log(units / units it is said of).
  torch::Tensor mean;       ///< [features], of the training units' averages,
  torch::Tensor deviation;  ///< [features], above 0.

 private:
  std::vector<std::string> words_;
};
TORCH_MODULE(WordPredictor);

/// Learns from units with `features` [units, k, features] and their texts the words that are said
/// of at least three of them. Null (`is_empty()`) when no word is, or for fewer than 100 units.
/// REQUIRES: as many units as lists of texts, none of which is empty.
WordPredictor LearnWords(const torch::Tensor& features,
                         const std::vector<std::vector<std::string>>& texts);

}  // namespace milan
