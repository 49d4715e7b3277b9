#include "milan/captioner/confidence_signals.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "milan/captioner/reference_captioner.h"
#include "milan/captioner/sequence_scores.h"

namespace milan {
namespace {

TEST(MixedSets, AreRowsOfTheRegionsNoneTwiceAndReproducible) {
  const torch::Tensor regions = torch::arange(20, torch::kFloat).view({20, 1});
  const torch::Tensor sets = MixSets(regions, 6, 15, 3);
  ASSERT_EQ(sets.sizes(), (std::vector<int64_t>{6, 15, 1}));
  std::set<std::vector<float>> different;
  for (int64_t i = 0; i < 6; ++i) {
    const torch::Tensor set = sets[i].contiguous();
    std::vector<float> rows(set.data_ptr<float>(), set.data_ptr<float>() + 15);
    different.insert(rows);
    EXPECT_EQ(std::set<float>(rows.begin(), rows.end()).size(), 15U);
  }
  EXPECT_EQ(different.size(), 6U);
  EXPECT_TRUE(torch::equal(sets, MixSets(regions, 6, 15, 3)));
  EXPECT_FALSE(torch::equal(sets, MixSets(regions, 6, 15, 4)));
  // With fewer regions than exemplars rows come again.
  EXPECT_EQ(MixSets(regions.slice(0, 0, 4), 2, 15, 1).size(1), 15);
}

class SignalsOfReference : public testing::Test {
 protected:
  void SetUp() override {
    MILAN_NEEDS_SHARED_DATA();
    UseThreads(1);
    captioner_.emplace(ReferenceCaptioner());
    features_ = ReferenceFeatures();
    regions_ = features_.select(1, 0).contiguous();
    SignalOptions options;
    options.resample_beam = kBeam;
    signals_.emplace(*captioner_, regions_, features_.size(1), options);
  }
  double Signal(const std::vector<double>& signals, const std::string& name) const {
    const auto& names = SignalNames();
    const auto place = std::find(names.begin(), names.end(), name) - names.begin();
    return signals.at(static_cast<size_t>(place));
  }

  static constexpr int kBeam = 4;
  std::optional<Captioner> captioner_;
  std::optional<ConfidenceSignals> signals_;
  torch::Tensor features_;
  torch::Tensor regions_;
};

TEST_F(SignalsOfReference, ScoreUnderTheUnitsOwnExemplarsIsItsLikelihood) {
  const auto candidates =
      captioner_->Rerank(features_, {.beam_size = kBeam, .criterion = Criterion::kConsensus});
  const torch::NoGradGuard no_gradient;
  const Tensors memory = captioner_->decoder()->Encode(features_);
  for (int64_t unit = 0; unit < 3; ++unit) {
    for (const Candidate& candidate : candidates[static_cast<size_t>(unit)]) {
      const auto scores = ScoreUnder(*captioner_->decoder(), memory, {{}, candidate.tokens},
                                     captioner_->vocabulary().start());
      EXPECT_EQ(scores.at(0), std::vector<double>(scores.at(1).size())) << "nothing is certain";
      EXPECT_NEAR(scores.at(1).at(static_cast<size_t>(unit)), candidate.log_likelihood, 1e-4);
    }
  }
}

TEST_F(SignalsOfReference, OtherUnitsAsPriorLeaveNothingOfWhatAllShow) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor unit = features_.slice(0, 2, 3);
  SearchOptions options{.beam_size = kBeam, .pmi_weight = 1, .criterion = Criterion::kPmi};
  options.other_units = captioner_->decoder()->Encode(unit.repeat({3, 1, 1}));
  const auto among_copies = captioner_->Rerank(unit, options);
  for (const Candidate& candidate : among_copies.at(0)) {
    EXPECT_NEAR(candidate.pmi, 0, 1e-4) << "all units are this one";
  }
  options.other_units = captioner_->decoder()->Encode(features_);
  const auto candidates = captioner_->Rerank(unit, options).at(0);
  std::vector<std::vector<int>> sequences;
  for (const Candidate& candidate : candidates) sequences.push_back(candidate.tokens);
  const auto scores = ScoreUnder(*captioner_->decoder(), options.other_units, sequences,
                                 captioner_->vocabulary().start());
  EXPECT_TRUE(std::is_sorted(candidates.begin(), candidates.end(),
                             [](const auto& a, const auto& b) { return a.pmi > b.pmi; }));
  for (size_t i = 0; i < candidates.size(); ++i) {
    EXPECT_NEAR(candidates[i].log_prior, LogMeanExp(scores[i]), 1e-6);
    EXPECT_LE(candidates[i].pmi, std::log(static_cast<double>(features_.size(0))) + 1e-4)
        << "this unit is one of the others";
  }
}

TEST(LogMeanExp, HoldsFarBelowZero) {
  EXPECT_DOUBLE_EQ(LogMeanExp({-1000, -1000}), -1000);
  EXPECT_NEAR(LogMeanExp({-1000, -5000}), -1000 - std::log(2), 1e-9);
}

TEST_F(SignalsOfReference, AUnitsSignalsDoNotDependOnTheUnitsBesideIt) {
  const auto candidates =
      captioner_->Rerank(features_, {.beam_size = kBeam, .criterion = Criterion::kConsensus});
  const auto together = signals_->Compute(features_, candidates);
  ASSERT_EQ(together.size(), candidates.size());
  for (const int64_t unit : {0, 7}) {
    const auto alone = signals_->Compute(features_.slice(0, unit, unit + 1),
                                         {candidates[static_cast<size_t>(unit)]});
    ASSERT_EQ(alone.at(0).size(), SignalNames().size());
    for (size_t i = 0; i < alone[0].size(); ++i) {
      EXPECT_NEAR(alone[0][i], together[static_cast<size_t>(unit)][i], 1e-4) << SignalNames()[i];
    }
  }
}

TEST_F(SignalsOfReference, ExemplarsThatAreAllAlikeGiveOneDescription) {
  // One exemplar 15 times: every half shows the same.
  const torch::Tensor alike = features_.slice(0, 0, 1).slice(1, 0, 1).repeat({1, 15, 1});
  const auto candidates =
      captioner_->Rerank(alike, {.beam_size = kBeam, .criterion = Criterion::kConsensus});
  const auto signals = signals_->Compute(alike, candidates).at(0);
  EXPECT_DOUBLE_EQ(Signal(signals, "agreement_of_halves"), 1);
  EXPECT_DOUBLE_EQ(Signal(signals, "stability"), 1);
  const torch::Tensor mixed = MixSets(regions_, 1, 15, 9);
  const auto other = signals_->Compute(
      mixed, captioner_->Rerank(mixed, {.beam_size = kBeam, .criterion = Criterion::kConsensus}));
  EXPECT_GT(Signal(signals, "coherence"), Signal(other.at(0), "coherence") + 1);
}

TEST_F(SignalsOfReference, AUnitWithoutWordsHasNoSignals) {
  const Candidate silent{{captioner_->vocabulary().stop()}};
  EXPECT_EQ(ChosenOf(*captioner_, {silent}), nullptr);
  EXPECT_TRUE(signals_->Compute(features_.slice(0, 0, 1), {{silent}}).at(0).empty());
}

}  // namespace
}  // namespace milan
