#include "milan/captioner/captioner.h"

#include <algorithm>
#include <span>
#include <utility>

#include "milan/captioner/beam_search.h"
#include "milan/captioner/sequence_scores.h"

namespace milan {
namespace {

/// The decoder as a step function: keeps the states of the rows of the last step.
class DecoderSteps {
 public:
  DecoderSteps(TextDecoder& decoder, const torch::Tensor& features)
      : decoder_(decoder), memory_(decoder.Encode(features)), state_(decoder.Start(memory_)) {}

  std::span<const float> Run(const SearchStep& step) {
    const torch::Tensor parents = torch::tensor(step.parents, torch::kLong);
    Tensors state;
    for (const torch::Tensor& part : state_) state.push_back(part.index_select(0, parents));
    auto [next, log_probabilities] =
        decoder_.Next(memory_, torch::tensor(step.tokens, torch::kLong), state);
    state_ = std::move(next);
    log_probabilities_ = log_probabilities.contiguous();
    return {log_probabilities_.data_ptr<float>(), static_cast<size_t>(log_probabilities_.numel())};
  }

 private:
  TextDecoder& decoder_;
  const Tensors memory_;
  Tensors state_;
  torch::Tensor log_probabilities_;
};

/// Of the word predictor in the consensus, beside the other candidates (measured, record 0015).
constexpr double kPredictorWeight = 0.65;

/// Candidates of a beam are more alike than texts drawn from p(d|E), and the likeliest are the
/// shortest: a temperature of 2 evens this out (measured, docs/training.md).
constexpr double kConsensusTemperature = 2;

double ScoreOf(const Candidate& candidate, Criterion criterion) {
  switch (criterion) {
    case Criterion::kPmi:
      return candidate.pmi;
    case Criterion::kLikelihood:
      return candidate.log_likelihood;
    case Criterion::kConsensus:
      return candidate.agreement;
  }
  return candidate.pmi;
}

void SortBy(Criterion criterion, std::vector<Candidate>& candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) {
                     return ScoreOf(a, criterion) > ScoreOf(b, criterion);
                   });
}

std::vector<std::vector<int>> TokensOf(const std::vector<Candidate>& candidates) {
  std::vector<std::vector<int>> sequences;
  for (const Candidate& candidate : candidates) sequences.push_back(candidate.tokens);
  return sequences;
}

/// Where each content word of the vocabulary is among the predictor's words; -1: not there.
std::vector<int> PlacesOf(const WordPredictor& words, const ContentWordTable& content_words) {
  if (words.is_empty()) return {};
  std::vector<int> places(content_words.size(), -1);
  const std::vector<int> numbers = content_words.NumbersOf(words->words());
  for (size_t place = 0; place < numbers.size(); ++place) {
    if (numbers[place] >= 0) places[static_cast<size_t>(numbers[place])] = static_cast<int>(place);
  }
  return places;
}

}  // namespace

Captioner::Captioner(Vocabulary vocabulary, std::shared_ptr<TextDecoder> decoder,
                     LanguageModel language_model, WordPredictor word_predictor)
    : vocabulary_(std::move(vocabulary)),
      content_words_(vocabulary_.words()),
      word_predictor_(std::move(word_predictor)),
      predicted_places_(PlacesOf(word_predictor_, content_words_)),
      decoder_(std::move(decoder)),
      language_model_(std::move(language_model)) {
  decoder_->eval();
  language_model_->eval();
}

std::vector<std::vector<Candidate>> Captioner::SearchByLikelihood(const torch::Tensor& features,
                                                                  int beam_size, int length) const {
  const torch::NoGradGuard no_gradient;
  DecoderSteps steps(*decoder_, features);
  const auto step = [&](const SearchStep& next) { return steps.Run(next); };
  const BeamSearchOptions options = {beam_size, length, vocabulary_.start(), vocabulary_.stop()};
  std::vector<std::vector<Candidate>> results;
  for (auto& hypotheses : BeamSearch(features.size(0), step, options)) {
    std::vector<Candidate>& candidates = results.emplace_back();
    for (Hypothesis& hypothesis : hypotheses) {
      candidates.push_back({std::move(hypothesis.tokens), hypothesis.score});
    }
  }
  return results;
}

std::vector<Candidate> Captioner::Greedy(const torch::Tensor& features, int length) const {
  std::vector<Candidate> best;
  // With one hypothesis the best next token is all that a beam search keeps.
  for (auto& candidates : SearchByLikelihood(features, 1, length)) {
    best.push_back(std::move(candidates.at(0)));
  }
  return best;
}

void Captioner::SetPriors(const SearchOptions& options,
                          std::vector<std::vector<Candidate>>& results) const {
  if (!options.other_units.empty()) {
    // Unit by unit: the states of all candidates under all other units are large.
    for (auto& candidates : results) {
      const auto scores =
          ScoreUnder(*decoder_, options.other_units, TokensOf(candidates), vocabulary_.start());
      for (size_t i = 0; i < candidates.size(); ++i) {
        candidates[i].log_prior = LogMeanExp(scores[i]);
      }
    }
    return;
  }
  std::vector<std::vector<int>> sequences;
  for (const auto& candidates : results) {
    for (auto& tokens : TokensOf(candidates)) sequences.push_back(std::move(tokens));
  }
  const std::vector<double> priors = language_model_->Score(sequences, vocabulary_.start());
  auto prior = priors.begin();
  for (auto& candidates : results) {
    for (Candidate& candidate : candidates) candidate.log_prior = *prior++;
  }
}

std::vector<double> Captioner::FitsOf(std::span<const float> predicted,
                                      const std::vector<std::vector<int>>& texts) const {
  std::vector<double> fits;
  for (const std::vector<int>& text : texts) {
    std::vector<int> said;
    for (const int word : text) {
      const int place = predicted_places_[static_cast<size_t>(word)];
      if (place >= 0) said.push_back(place);
    }
    fits.push_back(word_predictor_->Agreement(predicted, said));
  }
  return fits;
}

void Captioner::SetAgreements(const torch::Tensor& features,
                              std::vector<std::vector<Candidate>>& results) const {
  const torch::Tensor predicted = word_predictor_.is_empty()
                                      ? torch::Tensor()
                                      : word_predictor_->Predict(features).contiguous();
  for (size_t unit = 0; unit < results.size(); ++unit) {
    std::vector<std::vector<int>> texts;
    std::vector<double> scores;
    for (const Candidate& candidate : results[unit]) {
      texts.push_back(content_words_.WordsOf(candidate.tokens));
      scores.push_back(candidate.pmi);
    }
    std::vector<double> agreements = ExpectedAgreement(texts, scores, kConsensusTemperature);
    if (!word_predictor_.is_empty()) {
      const size_t count = word_predictor_->words().size();
      const std::vector<double> fits =
          FitsOf({predicted.data_ptr<float>() + unit * count, count}, texts);
      for (size_t i = 0; i < agreements.size(); ++i) {
        agreements[i] = (1 - kPredictorWeight) * agreements[i] + kPredictorWeight * fits[i];
      }
    }
    for (size_t i = 0; i < agreements.size(); ++i) {
      Candidate& candidate = results[unit][i];
      candidate.agreement = agreements[i];
      // What says a word twice is badly put, however much the others agree: after all the others.
      if (content_words_.SaysTwice(candidate.tokens)) candidate.agreement -= 2;
    }
  }
}

std::vector<std::vector<Candidate>> Captioner::Search(const torch::Tensor& features,
                                                      const SearchOptions& options) const {
  auto results = SearchByLikelihood(features, options.beam_size, options.length);
  SetPriors(options, results);
  for (auto& candidates : results) {
    for (Candidate& candidate : candidates) {
      candidate.pmi = candidate.log_likelihood - options.pmi_weight * candidate.log_prior;
    }
  }
  SetAgreements(features, results);
  return results;
}

std::vector<std::vector<Candidate>> Captioner::Rerank(const torch::Tensor& features,
                                                      const SearchOptions& options) const {
  auto results = Search(features, options);
  for (auto& candidates : results) SortBy(options.criterion, candidates);
  return results;
}

}  // namespace milan
