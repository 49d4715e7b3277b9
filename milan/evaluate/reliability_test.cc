#include "milan/evaluate/reliability.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/random.h"

namespace milan {
namespace {

using ::testing::DoubleNear;
using ::testing::SizeIs;

/// Descriptions that are right with exactly their confidence, made less sure of themselves by
/// `shrink`.
std::vector<JudgedDescription> Draw(int count, double shrink) {
  Random random(3);
  std::vector<JudgedDescription> judged;
  for (int i = 0; i < count; ++i) {
    const double p = random.Uniform();
    judged.push_back({0.5 + shrink * (p - 0.5), random.Uniform() < p});
  }
  return judged;
}

TEST(ReliabilityTest, BinsHoldEveryUnitOnceWithItsMeans) {
  const std::vector<JudgedDescription> judged = {
      {0, false}, {0.04, true}, {0.1, true}, {0.95, true}, {1, false}};
  const std::vector<ReliabilityBin> bins = ReliabilityBins(judged);
  ASSERT_THAT(bins, SizeIs(10));
  EXPECT_EQ(bins[0].units, 2);
  EXPECT_DOUBLE_EQ(bins[0].confidence, 0.02);
  EXPECT_DOUBLE_EQ(bins[0].right, 0.5);
  EXPECT_EQ(bins[1].units, 1);
  EXPECT_EQ(bins[5].units, 0);
  EXPECT_EQ(bins[9].units, 2) << "a confidence of 1 belongs to the last bin";
  // (2 * |0.02 - 0.5| + |0.1 - 1| + 2 * |0.975 - 0.5|) / 5
  EXPECT_NEAR(ExpectedCalibrationError(bins), (0.96 + 0.9 + 0.95) / 5, 1e-12);
}

TEST(ReliabilityTest, CalibratedConfidencesHaveTheErrorOfChance) {
  const std::vector<JudgedDescription> judged = Draw(20000, 1);
  const double error = ExpectedCalibrationError(ReliabilityBins(judged));
  const double chance = ChanceCalibrationError(judged, 1);
  EXPECT_THAT(error, DoubleNear(chance, 0.005));
  EXPECT_EQ(chance, ChanceCalibrationError(judged, 1)) << "not reproducible";
  // Too unsure of themselves by half: on average a quarter of the range of 1 / 2.
  const std::vector<JudgedDescription> timid = Draw(20000, 0.5);
  EXPECT_THAT(ExpectedCalibrationError(ReliabilityBins(timid)), DoubleNear(0.125, 0.01));
}

TEST(ReliabilityTest, ErrorOfChanceFallsWithTheNumberOfUnits) {
  EXPECT_GT(ChanceCalibrationError(Draw(50, 1), 1), 2 * ChanceCalibrationError(Draw(1000, 1), 1));
}

TEST(ReliabilityTest, AreaUnderCurveCountsPairs) {
  EXPECT_EQ(AreaUnderCurve(std::vector<JudgedDescription>{{0.9, true}, {0.1, false}}), 1);
  EXPECT_EQ(AreaUnderCurve(std::vector<JudgedDescription>{{0.1, true}, {0.9, false}}), 0);
  EXPECT_EQ(AreaUnderCurve(std::vector<JudgedDescription>{{0.5, true}, {0.5, false}}), 0.5);
  // Pairs (right, wrong): 0.8 > 0.3, 0.8 > 0.6, 0.6 > 0.3, 0.6 = 0.6.
  const std::vector<JudgedDescription> judged = {
      {0.8, true}, {0.6, true}, {0.6, false}, {0.3, false}};
  EXPECT_DOUBLE_EQ(AreaUnderCurve(judged), 3.5 / 4);
  EXPECT_TRUE(std::isnan(AreaUnderCurve(std::vector<JudgedDescription>{{0.8, true}})));
}

TEST(ReliabilityTest, SummaryHasCoverageAndPrecisionAtTheThreshold) {
  const std::vector<JudgedDescription> judged = {
      {0.8, true}, {0.6, true}, {0.6, false}, {0.3, false}};
  const CalibrationSummary summary = SummarizeReliability(judged, 0.6, 1);
  EXPECT_EQ(summary.units, 4);
  EXPECT_DOUBLE_EQ(summary.base_rate, 0.5);
  EXPECT_DOUBLE_EQ(summary.coverage, 0.75);
  EXPECT_DOUBLE_EQ(summary.precision, 2.0 / 3);
  EXPECT_TRUE(std::isnan(SummarizeReliability(judged, 0.9, 1).precision)) << "nothing passed";
}

}  // namespace
}  // namespace milan
