// The reference implementation's outputs, with the reference's weights and features.

#include <algorithm>

#include <gtest/gtest.h>

#include "milan/captioner/reference_captioner.h"

namespace milan {
namespace {

constexpr double kTolerance = 1e-4;
constexpr int kLength = 15;
constexpr int64_t kSets = 12;

using Tokens = std::vector<int>;

double LargestDifference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

/// Row `index` of the last dimension of an integer array.
Tokens RowOf(const NpyArray& array, int64_t index) {
  const std::vector<int64_t> values = array.AsIntegers();
  const int64_t length = array.shape.back();
  const auto first = values.begin() + index * length;
  return {first, first + length};
}

/// The tokens to the first stop: the reference fills the rest with stops.
Tokens ToStop(Tokens tokens, int stop) {
  const auto end = std::find(tokens.begin(), tokens.end(), stop);
  if (end != tokens.end()) tokens.erase(end + 1, tokens.end());
  return tokens;
}

/// How the reference counts the language model's score of a beam (README, B2 and B3): the first of
/// the stops that fill the row counts too.
Tokens WithOneTokenTooMany(Tokens tokens, int filler) {
  if (tokens.size() < kLength) tokens.push_back(filler);
  return tokens;
}

class CaptionerParity : public testing::Test {
 protected:
  void SetUp() override {
    MILAN_NEEDS_SHARED_DATA();
    UseThreads(1);
    captioner_.emplace(ReferenceCaptioner());
    expected_ = ReadNpz(milan::CaptionerParity("decoder_expected.npz"));
    features_ = ReferenceFeatures();
    stop_ = captioner_->vocabulary().stop();
  }
  const NpyArray& Expected(const std::string& name) const { return expected_.at(name); }
  std::vector<float> Floats(const std::string& name) const { return Expected(name).AsFloats(); }

  /// A beam's hypotheses are the expected ones in the expected order, except that neighbours whose
  /// scores differ by rounding may have swapped places.
  void ExpectBeam(const std::vector<Candidate>& found, const std::string& name, int64_t set) const {
    const auto size = static_cast<int64_t>(found.size());
    ASSERT_EQ(size, Expected(name + ".beam_scores").shape[1]);
    const std::vector<float> scores = Floats(name + ".beam_scores");
    for (int64_t i = 0; i < size; ++i) {
      const Candidate& candidate = found[static_cast<size_t>(i)];
      EXPECT_NEAR(candidate.log_likelihood, scores[static_cast<size_t>(set * size + i)],
                  kTolerance);
      bool matches = false;
      for (int64_t j = std::max<int64_t>(i - 1, 0); j <= std::min(i + 1, size - 1); ++j) {
        const double gap =
            std::abs(candidate.log_likelihood - scores[static_cast<size_t>(set * size + j)]);
        const Tokens row = ToStop(RowOf(Expected(name + ".beam_tokens"), set * size + j), stop_);
        matches = matches || (row == candidate.tokens && (i == j || gap < 1e-5));
      }
      EXPECT_TRUE(matches) << name << " set " << set << " place " << i;
    }
  }

  std::optional<Captioner> captioner_;
  NpzArrays expected_;
  torch::Tensor features_;
  int stop_ = 0;
};

TEST_F(CaptionerParity, DecoderStep) {
  const torch::NoGradGuard no_gradient;
  Decoder decoder = ReferenceDecoder(captioner_->vocabulary());
  const RegionMemory memory = decoder->Prepare(features_.narrow(0, 0, 1));
  const DecoderState start = decoder->InitialState(memory);
  EXPECT_LT(LargestDifference(start.hidden, FloatTensor(Expected("step0.h"))), kTolerance);
  EXPECT_LT(LargestDifference(start.cell, FloatTensor(Expected("step0.c"))), kTolerance);

  const torch::Tensor token = torch::tensor({captioner_->vocabulary().start()}, torch::kLong);
  const auto step = decoder->Advance(memory, token, start);
  EXPECT_LT(LargestDifference(step.state.hidden, FloatTensor(Expected("step1.h"))), kTolerance);
  EXPECT_LT(LargestDifference(step.state.cell, FloatTensor(Expected("step1.c"))), kTolerance);
  EXPECT_LT(LargestDifference(step.attention, FloatTensor(Expected("step1.attention"))),
            kTolerance);
  EXPECT_LT(LargestDifference(decoder->LogProbabilities(step.state.hidden),
                              FloatTensor(Expected("step1.predictions_lik"))),
            kTolerance);
}

TEST_F(CaptionerParity, TeacherForcingGivesTheScoresAndAttentionsOfGivenSentences) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor sentences = IntegerTensor(Expected("sent.indexed"));
  const torch::Tensor inputs = sentences.narrow(1, 0, 20).contiguous();
  const torch::Tensor targets = sentences.narrow(1, 1, 20).contiguous();
  Decoder decoder = ReferenceDecoder(captioner_->vocabulary());
  const torch::Tensor features = features_.narrow(0, 3, 1).expand({8, -1, -1}).contiguous();
  const auto forced = decoder->Force(decoder->Prepare(features), inputs);
  const torch::Tensor chosen = forced.log_probabilities.gather(2, targets.unsqueeze(2)).squeeze(2);
  EXPECT_LT(LargestDifference(chosen, FloatTensor(Expected("forced_set3.predictions_at_targets"))),
            kTolerance);
  EXPECT_LT(LargestDifference(forced.attention, FloatTensor(Expected("forced_set3.attentions"))),
            kTolerance);
  const torch::Tensor words = targets != captioner_->vocabulary().pad();
  EXPECT_LT(LargestDifference((chosen * words).sum(1), FloatTensor(Expected("score_set3_lik"))),
            kTolerance);
}

TEST_F(CaptionerParity, GreedyEndsAtTheStop) {
  const std::vector<Candidate> greedy = captioner_->Greedy(features_, kLength);
  const std::vector<float> scores = Floats("greedy_lik.scores");
  const std::vector<float> correct = Floats("greedy_lik.scores_correct");
  ASSERT_EQ(greedy.size(), static_cast<size_t>(kSets));
  int differ = 0;
  for (int64_t set = 0; set < kSets; ++set) {
    const auto i = static_cast<size_t>(set);
    EXPECT_EQ(greedy[i].tokens, ToStop(RowOf(Expected("greedy_lik.tokens"), set), stop_));
    EXPECT_NEAR(greedy[i].log_likelihood, correct[i], kTolerance);
    // B5: the reference's own number goes on after the stop.
    if (scores[i] < correct[i] - 1) ++differ;
  }
  EXPECT_GT(differ, 0);
}

TEST_F(CaptionerParity, BeamSearch) {
  for (const int beam_size : {50, 5, 1}) {
    const std::string name = "beam" + std::to_string(beam_size) + "_lik";
    const auto beams = captioner_->Search(features_, {beam_size, kLength, 0.2});
    for (int64_t set = 0; set < kSets; ++set) {
      const std::vector<Candidate>& found = beams[static_cast<size_t>(set)];
      EXPECT_EQ(found[0].tokens, ToStop(RowOf(Expected(name + ".tokens"), set), stop_));
      EXPECT_NEAR(found[0].log_likelihood, Floats(name + ".scores")[static_cast<size_t>(set)],
                  kTolerance);
      if (beam_size > 1) ExpectBeam(found, name, set);
    }
  }
}

TEST_F(CaptionerParity, RerankChoosesAsTheCorrectedReference) {
  for (const auto& [name, weight] : {std::pair("rerank_t0.2", 0.2), {"rerank_t1.0", 1.0}}) {
    const auto beams = captioner_->Search(features_, {50, kLength, weight});
    const auto ranked = captioner_->Rerank(features_, {50, kLength, weight});
    const std::vector<float> priors = Floats(std::string(name) + ".lm_scores_correct");
    const std::vector<float> scores = Floats(std::string(name) + ".scores_correct");
    const std::vector<int64_t> choice =
        Expected(std::string(name) + ".choice_correct").AsIntegers();
    for (size_t set = 0; set < kSets; ++set) {
      const Tokens tokens =
          RowOf(Expected("rerank.beam_tokens"), static_cast<int64_t>(set) * 50 + choice[set]);
      EXPECT_EQ(ranked[set][0].tokens, ToStop(tokens, stop_)) << name << " set " << set;
      EXPECT_NEAR(ranked[set][0].pmi, scores[set], kTolerance);
      for (size_t i = 0; i < 50; ++i) {
        EXPECT_NEAR(beams[set][i].log_prior, priors[set * 50 + i], 1e-3) << set << " " << i;
      }
    }
  }
}

TEST_F(CaptionerParity, OneTokenTooManyExplainsTheReferencesOwnChoices) {
  LanguageModel language_model = captioner_->language_model();
  int changed = 0;
  for (const auto& [name, weight] : {std::pair("rerank_t0.2", 0.2), {"rerank_t1.0", 1.0}}) {
    const auto beams = captioner_->Search(features_, {50, kLength, weight});
    const auto ranked = captioner_->Rerank(features_, {50, kLength, weight});
    const std::vector<float> scores = Floats(std::string(name) + ".scores");
    const std::vector<int64_t> choice = Expected(std::string(name) + ".choice").AsIntegers();
    for (size_t set = 0; set < kSets; ++set) {
      std::vector<Tokens> sequences;
      for (const Candidate& candidate : beams[set]) {
        sequences.push_back(WithOneTokenTooMany(candidate.tokens, stop_));
      }
      const auto priors = language_model->Score(sequences, captioner_->vocabulary().start());
      size_t best = 0;
      const auto pmi = [&](size_t i) { return beams[set][i].log_likelihood - weight * priors[i]; };
      for (size_t i = 1; i < priors.size(); ++i) best = pmi(i) > pmi(best) ? i : best;
      EXPECT_EQ(static_cast<int64_t>(best), choice[set]) << name << " set " << set;
      EXPECT_NEAR(pmi(best), scores[set], kTolerance);
      if (ranked[set][0].tokens != beams[set][best].tokens) ++changed;
    }
  }
  EXPECT_EQ(changed, 3);  // sets 4 and 7 at 0.2, set 7 at 1.0
}

TEST_F(CaptionerParity, LanguageModel) {
  const torch::NoGradGuard no_gradient;
  LanguageModel language_model = captioner_->language_model();
  const torch::Tensor sentences = IntegerTensor(Expected("sent.indexed"));
  EXPECT_LT(
      LargestDifference(language_model->forward(sentences), FloatTensor(Expected("lm.forward"))),
      kTolerance);

  const Vocabulary& vocabulary = captioner_->vocabulary();
  const std::vector<float> correct = Floats("lm.logp_correct");
  const std::vector<float> batch = Floats("lm.logp_batch");
  std::vector<Tokens> sequences;
  std::vector<Tokens> too_long;
  for (int64_t i = 0; i < 8; ++i) {
    Tokens row = RowOf(Expected("sent.indexed"), i);
    row.erase(row.begin());
    sequences.push_back(ToStop(row, stop_));
    too_long.push_back(sequences.back());
    // B2: in a batch the first pad counts, where the row has one.
    if (too_long.back().size() < row.size()) too_long.back().push_back(vocabulary.pad());
  }
  const auto scores = language_model->Score(sequences, vocabulary.start());
  const auto as_reference = language_model->Score(too_long, vocabulary.start());
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_NEAR(scores[i], correct[i], kTolerance);
    EXPECT_NEAR(as_reference[i], batch[i], kTolerance);
  }
}

TEST_F(CaptionerParity, ResultsDoNotDependOnTheBatch) {
  const auto together = captioner_->Rerank(features_, {20, kLength, 0.2});
  for (int64_t set = 0; set < kSets; ++set) {
    const auto alone = captioner_->Rerank(features_.narrow(0, set, 1), {20, kLength, 0.2});
    const Candidate& best = together[static_cast<size_t>(set)][0];
    EXPECT_EQ(alone[0][0].tokens, best.tokens);
    EXPECT_NEAR(alone[0][0].pmi, best.pmi, 1e-4);
  }
}

}  // namespace
}  // namespace milan
