#include "milan/captioner/confidence_signals.h"

#include <algorithm>
#include <optional>
#include <set>

#include <gtest/gtest.h>

#include "milan/captioner/reference_captioner.h"

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
    signals_.emplace(*captioner_, regions_, options);
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
  for (int64_t unit = 0; unit < 3; ++unit) {
    for (const Candidate& candidate : candidates[static_cast<size_t>(unit)]) {
      const std::vector<double> scores = ScoreUnder(*captioner_, features_, candidate.tokens);
      EXPECT_NEAR(scores.at(static_cast<size_t>(unit)), candidate.log_likelihood, 1e-4);
    }
  }
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
