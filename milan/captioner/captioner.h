#pragma once

// Private to this module (libtorch).

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "milan/captioner/consensus.h"
#include "milan/captioner/criterion.h"
#include "milan/captioner/language_model.h"
#include "milan/captioner/text_decoder.h"
#include "milan/captioner/word_predictor.h"
#include "milan/text/vocabulary.h"

namespace milan {

/// A description as token ids, with the scores that it is chosen by (natural logarithms).
struct Candidate {
  std::vector<int> tokens;    ///< Ends with the stop token unless it has the greatest length.
  double log_likelihood = 0;  ///< log p(d|E)
  double log_prior = 0;       ///< log p(d), of the language model or of other units.
  double pmi = 0;             ///< log p(d|E) - pmi_weight * log p(d)
  /// Expected agreement with a text drawn from the unit's candidates (consensus.h) and, where the
  /// captioner has one, with the word predictor's words (record 0015), less 2 for a text that says
  /// a content word twice.
  double agreement = 0;
};

struct SearchOptions {
  int beam_size = 50;
  int length = 15;
  double pmi_weight = 0.2;
  Criterion criterion = Criterion::kPmi;  ///< Of Rerank.
  /// The decoder's memory of units of the same network: p(d) is then the mean of p(d|E) over them,
  /// so that what many units show counts little. Empty: p(d) is the language model's.
  Tensors other_units = {};
};

/// Decoder, language model and vocabulary in evaluation mode: region features in, descriptions out.
/// Thread-safe.
class Captioner {
 public:
  /// The modules are shared with the caller, not copied. Without `word_predictor` the consensus is
  /// the candidates' alone.
  Captioner(Vocabulary vocabulary, std::shared_ptr<TextDecoder> decoder,
            LanguageModel language_model, WordPredictor word_predictor = nullptr);

  const Vocabulary& vocabulary() const { return vocabulary_; }
  const std::shared_ptr<TextDecoder>& decoder() const { return decoder_; }
  const LanguageModel& language_model() const { return language_model_; }
  /// May be empty.
  const WordPredictor& word_predictor() const { return word_predictor_; }

  /// The most likely word at every step, for each unit of `features` [units, k, features]. Without
  /// priors.
  std::vector<Candidate> Greedy(const torch::Tensor& features, int length) const;

  /// Beam search under log p(d|E): candidates of each unit, most likely first, with their priors.
  std::vector<std::vector<Candidate>> Search(const torch::Tensor& features,
                                             const SearchOptions& options) const;

  /// The same, ordered by the criterion: the first one is the description.
  std::vector<std::vector<Candidate>> Rerank(const torch::Tensor& features,
                                             const SearchOptions& options) const;

  std::string Text(const Candidate& candidate) const {
    return vocabulary_.Decode(candidate.tokens);
  }

 private:
  void SetPriors(const SearchOptions& options, std::vector<std::vector<Candidate>>& results) const;
  void SetAgreements(const torch::Tensor& features,
                     std::vector<std::vector<Candidate>>& results) const;
  /// How well each of these texts (content words) fits what the predictor says of a unit.
  std::vector<double> FitsOf(std::span<const float> predicted,
                             const std::vector<std::vector<int>>& texts) const;
  std::vector<std::vector<Candidate>> SearchByLikelihood(const torch::Tensor& features,
                                                         int beam_size, int length) const;

  Vocabulary vocabulary_;
  ContentWordTable content_words_;
  WordPredictor word_predictor_;
  std::vector<int> predicted_places_;  ///< Of each content word among the predictor's; or -1.
  std::shared_ptr<TextDecoder> decoder_;
  // libtorch's modules have no const forward; in evaluation mode it changes nothing.
  mutable LanguageModel language_model_;
};

/// Uses `workers` threads for everything that libtorch computes in this process from now on.
void UseThreads(int workers);

}  // namespace milan
