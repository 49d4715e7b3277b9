#include "milan/captioner/confidence.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/random.h"

namespace milan {
namespace {

using ::testing::Each;
using ::testing::Ge;

/// Units that are right with the probability 1 / (1 + exp(-(1 + 2 a))); b is noise of another
/// scale.
std::vector<CalibrationUnit> Draw(int count, uint64_t seed = 5) {
  Random random(seed);
  std::vector<CalibrationUnit> units;
  for (int i = 0; i < count; ++i) {
    const double a = 2 * random.Uniform() - 1;
    const double p = 1 / (1 + std::exp(-(1 + 2 * a)));
    units.push_back({{a, 1000 * random.Uniform()}, random.Uniform() < p, "network"});
  }
  return units;
}

const std::vector<std::string> kNames = {"a", "b"};

TEST(ConfidenceTest, FindsTheProbabilityThatTheUnitsWereDrawnWith) {
  const ConfidenceModel model = FitConfidence(Draw(20000), kNames, {});
  for (const double a : {-0.9, 0.0, 0.9}) {
    const double expected = 1 / (1 + std::exp(-(1 + 2 * a)));
    EXPECT_NEAR(model.Confidence(std::vector{a, 500.0}), expected, 0.02);
    EXPECT_NEAR(model.Confidence(std::vector{a, 10.0}), expected, 0.03) << "noise counts";
  }
}

TEST(ConfidenceTest, IsNotSureBeyondWhatItHasSeen) {
  const ConfidenceModel model = FitConfidence(Draw(500), kNames, {});
  const double far = model.Confidence(std::vector{3.0, 500.0});
  EXPECT_EQ(model.Confidence(std::vector{1e9, 500.0}), far);
  EXPECT_EQ(model.Confidence(std::vector{std::numeric_limits<double>::infinity(), 500.0}), far);
  const double unknown =
      model.Confidence(std::vector{std::numeric_limits<double>::quiet_NaN(), model.terms[1].mean});
  EXPECT_NEAR(unknown, model.Confidence(std::vector{model.terms[0].mean, model.terms[1].mean}),
              1e-12);
}

TEST(ConfidenceTest, SeparableUnitsDoNotRunAway) {
  std::vector<CalibrationUnit> units;
  for (int i = 0; i < 40; ++i) units.push_back({{static_cast<double>(i), 7.0}, i >= 20, "n"});
  const ConfidenceModel model = FitConfidence(units, kNames, {});
  EXPECT_GT(model.Confidence(std::vector{39.0, 7.0}), 0.9);
  EXPECT_LT(model.Confidence(std::vector{0.0, 7.0}), 0.1);
  EXPECT_LT(std::abs(model.terms[0].weight), 10);
  EXPECT_EQ(model.terms[1].weight, 0) << "a constant signal says nothing";
}

TEST(ConfidenceTest, AllRightOrAllWrongGivesThatRate) {
  std::vector<CalibrationUnit> units(9, {{1.0, 2.0}, true, "n"});
  EXPECT_NEAR(FitConfidence(units, kNames, {}).Confidence(std::vector{1.0, 2.0}), 10.0 / 11, 1e-9);
  for (CalibrationUnit& unit : units) unit.is_right = false;
  EXPECT_NEAR(FitConfidence(units, kNames, {}).Confidence(std::vector{1.0, 2.0}), 1.0 / 11, 1e-9);
}

TEST(ConfidenceTest, CrossValidationDoesNotSeeTheUnitThatItJudges) {
  // Signals that say nothing: a model that saw a unit's own label would lean towards it.
  Random random(1);
  std::vector<CalibrationUnit> units;
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back(std::to_string(i));
  for (int i = 0; i < 60; ++i) {
    CalibrationUnit& unit = units.emplace_back();
    for (size_t k = 0; k < names.size(); ++k) unit.signals.push_back(random.Uniform());
    unit.is_right = i % 2 == 0;
  }
  const auto lean = [&](const std::vector<double>& confidences) {
    double sum = 0;
    for (size_t i = 0; i < units.size(); ++i) {
      sum += (units[i].is_right ? 1 : -1) * (confidences[i] - 0.5);
    }
    return sum / static_cast<double>(units.size());
  };
  std::vector<double> seen;
  const ConfidenceModel model = FitConfidence(units, names, {});
  for (const CalibrationUnit& unit : units) seen.push_back(model.Confidence(unit.signals));
  EXPECT_GT(lean(seen), 0.05);
  EXPECT_LT(lean(CrossValidate(units, names, {})), 0.03);
  EXPECT_EQ(CrossValidate(units, names, {}), CrossValidate(units, names, {}));
}

TEST(ConfidenceTest, ThresholdHoldsTheRateOfEveryKind) {
  std::vector<std::vector<double>> nulls(2);
  for (int i = 0; i < 100; ++i) {
    nulls[0].push_back(0.001 * i);
    nulls[1].push_back(0.2 + 0.001 * (i / 10));  // many equal ones
  }
  for (const double rate : {0.0, 0.05, 0.1, 0.5}) {
    const double threshold = ThresholdFor(nulls, rate);
    for (const auto& kind : nulls) EXPECT_LE(PassRate(kind, threshold), rate);
  }
  EXPECT_GT(ThresholdFor(nulls, 0.05), 0.209);
  // No stricter than it must be.
  const std::vector<std::vector<double>> one = {nulls[0]};
  EXPECT_DOUBLE_EQ(PassRate(nulls[0], ThresholdFor(one, 0.05)), 0.05);
  EXPECT_EQ(ThresholdFor({}, 0.05), 0);
  EXPECT_EQ(ThresholdFor(nulls, 1), 0);
}

}  // namespace
}  // namespace milan
