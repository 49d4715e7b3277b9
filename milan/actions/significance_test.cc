#include "milan/actions/significance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::Pointwise;

constexpr double kExact = 1e-9;

// Probabilities are counted by hand. The interval of a difference is Newcombe's own example (1998,
// method 10: 56 of 70 and 48 of 80), those of shares are Wilson's formula computed elsewhere.

TEST(SignificanceTest, FisherTestIsTheTeaTastersOne) {
  // 8 cups: of the 70 ways to choose 4, 1 + 16 are as good as 3 of 4 or better on each side.
  EXPECT_NEAR(FisherExact({3, 4}, {1, 4}), 34.0 / 70, kExact);
  EXPECT_NEAR(FisherExact({4, 4}, {0, 4}), 2.0 / 70, kExact);
  EXPECT_NEAR(FisherExact({2, 4}, {2, 4}), 1, kExact);
}

TEST(SignificanceTest, FisherTestIsSymmetricAndSilentWithoutItems) {
  EXPECT_NEAR(FisherExact({3, 20}, {9, 17}), FisherExact({9, 17}, {3, 20}), kExact);
  EXPECT_NEAR(FisherExact({3, 20}, {9, 17}), FisherExact({17, 20}, {8, 17}), kExact);
  EXPECT_EQ(FisherExact({0, 0}, {3, 5}), 1);
  EXPECT_NEAR(FisherExact({0, 10}, {0, 30}), 1, kExact);
}

TEST(SignificanceTest, McNemarCountsOnlyPairsThatDiffer) {
  EXPECT_EQ(McNemarExact(0, 0), 1);
  EXPECT_NEAR(McNemarExact(0, 5), 2.0 / 32, kExact);
  EXPECT_NEAR(McNemarExact(5, 0), 2.0 / 32, kExact);
  EXPECT_NEAR(McNemarExact(1, 5), 2 * 7.0 / 64, kExact);
  EXPECT_EQ(McNemarExact(3, 3), 1);
}

TEST(SignificanceTest, HypergeometricTailCountsDraws) {
  // 2 of 5 drawn, 2 marked: both with 1 of 10, at least one with 7 of 10.
  EXPECT_NEAR(HypergeometricTail(5, 2, 2, 2), 0.1, kExact);
  EXPECT_NEAR(HypergeometricTail(5, 2, 2, 1), 0.7, kExact);
  EXPECT_NEAR(HypergeometricTail(5, 2, 2, 0), 1, kExact);
  EXPECT_EQ(HypergeometricTail(5, 2, 2, 3), 0);
  // All photos are drawn: every marked one is hit for certain.
  EXPECT_NEAR(HypergeometricTail(15, 15, 15, 15), 1, kExact);
}

TEST(SignificanceTest, ShareIntervalHoldsTheShareAndStaysInRange) {
  const Interval some = ShareInterval({10, 40});
  EXPECT_NEAR(some.low, 0.1419, 5e-5);
  EXPECT_NEAR(some.high, 0.4019, 5e-5);
  const Interval none = ShareInterval({0, 20});
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.1611, 5e-5);
  EXPECT_EQ(ShareInterval({20, 20}).high, 1);
  EXPECT_EQ(ShareInterval({0, 0}).high, 1);
}

TEST(SignificanceTest, DifferenceIntervalIsNewcombes) {
  const Interval interval = DifferenceInterval({56, 70}, {48, 80});
  EXPECT_NEAR(interval.value, 0.2, kExact);
  EXPECT_NEAR(interval.low, 0.0524, 5e-5);
  EXPECT_NEAR(interval.high, 0.3339, 5e-5);
}

TEST(SignificanceTest, HolmStepsDownAndNeverReorders) {
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005};
  EXPECT_THAT(Corrected(p, Correction::kHolm),
              Pointwise(DoubleNear(kExact), {0.03, 0.06, 0.06, 0.02}));
  EXPECT_THAT(Corrected(p, Correction::kBenjaminiHochberg),
              Pointwise(DoubleNear(kExact), {0.02, 0.04, 0.04, 0.02}));
  const std::vector<double> large = {0.9, 0.8};
  EXPECT_THAT(Corrected(large, Correction::kHolm), ElementsAre(1, 1));
  EXPECT_TRUE(Corrected({}, Correction::kHolm).empty());
}

TEST(SignificanceTest, CorrectionsHaveNames) {
  for (const Correction correction : {Correction::kHolm, Correction::kBenjaminiHochberg}) {
    EXPECT_EQ(ParseCorrection(ToString(correction)), correction);
  }
  EXPECT_THROW(ParseCorrection("bonferroni"), Error);
}

std::vector<float> Outcomes(int right, int wrong) {
  std::vector<float> outcomes(right, 1.0F);
  outcomes.insert(outcomes.end(), wrong, 0.0F);
  return outcomes;
}

TEST(SignificanceTest, PairsThatAgreeAreNoDifference) {
  const Comparison same = CompareTrials({Outcomes(30, 20)}, {Outcomes(30, 20)}, {1, 500});
  EXPECT_EQ(same.difference.value, 0);
  EXPECT_EQ(same.difference.low, 0);
  EXPECT_EQ(same.difference.high, 0);
  EXPECT_EQ(same.p_value, 1);
}

TEST(SignificanceTest, LargeDifferencesAreFoundAndSmallOnesNot) {
  const Comparison large = CompareTrials({Outcomes(90, 10)}, {Outcomes(60, 40)}, {1, 1000});
  EXPECT_NEAR(large.difference.value, 0.3, 1e-6);
  EXPECT_GT(large.difference.low, 0.15);
  EXPECT_LT(large.p_value, 0.01);
  const Comparison small = CompareTrials({Outcomes(61, 39)}, {Outcomes(60, 40)}, {1, 1000});
  EXPECT_LE(small.difference.low, 0);
  EXPECT_GT(small.p_value, kAlpha);
  EXPECT_EQ(CompareTrials({{}}, {{}}, {1, 100}).p_value, 1);
}

TEST(SignificanceTest, TrialsThatDifferWidenTheInterval) {
  const TrialOutcomes steady = {Outcomes(50, 50), Outcomes(50, 50), Outcomes(50, 50)};
  const TrialOutcomes unsteady = {Outcomes(10, 90), Outcomes(50, 50), Outcomes(90, 10)};
  const Interval narrow = MeanOfTrials(steady, {1, 1000});
  const Interval wide = MeanOfTrials(unsteady, {1, 1000});
  EXPECT_NEAR(narrow.value, wide.value, 1e-6);
  EXPECT_GT(wide.high - wide.low, 1.5 * (narrow.high - narrow.low));
}

TEST(SignificanceTest, NoiseIsRarelyCalledSignificant) {
  Random random(3);
  int alarms = 0;
  constexpr int kTries = 200;
  for (int i = 0; i < kTries; ++i) {
    TrialOutcomes sides[2] = {TrialOutcomes(1), TrialOutcomes(1)};
    for (TrialOutcomes& side : sides) {
      for (int item = 0; item < 80; ++item) side[0].push_back(random.Uniform() < 0.5 ? 1.0F : 0.0F);
    }
    const uint64_t seed = static_cast<uint64_t>(i);
    if (CompareTrials(sides[0], sides[1], {seed, 300}).p_value < kAlpha) ++alarms;
  }
  EXPECT_LT(alarms, kTries / 8);  // 5 % wanted; 12.5 % would be 4.9 standard errors away
}

TEST(SignificanceTest, GroupsAreComparedByTheirMeans) {
  const std::vector<double> high = {5, 6, 7, 6, 5, 6};
  const std::vector<double> low = {1, 2, 1, 2, 1, 2};
  const Comparison apart = CompareGroups(high, low, {1, 1000});
  EXPECT_GT(apart.difference.low, 0);
  EXPECT_LT(apart.p_value, kAlpha);
  EXPECT_GT(CompareGroups(high, high, {1, 1000}).p_value, kAlpha);
  EXPECT_EQ(CompareGroups(high, {}, {1, 1000}).p_value, 1);
}

}  // namespace
}  // namespace milan
