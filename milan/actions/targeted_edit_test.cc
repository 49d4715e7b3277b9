#include "milan/actions/targeted_edit.h"

#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"

namespace milan {
namespace {

using ::testing::ElementsAre;

/// A classifier made by a script: photo i is right unless a unit that it needs is zeroed, and a
/// photo that a cue misleads is right only once all units of the cue are.
struct ScriptedClassifier {
  std::vector<std::set<UnitName>> needed;  ///< Of each photo.
  std::vector<std::set<UnitName>> misled;  ///< By which units each photo is.

  bool IsRight(size_t photo, const EditSet& edits) const {
    std::set<UnitName> zeroed;
    for (const UnitEdit& edit : edits) zeroed.insert({edit.layer, edit.unit});
    for (const UnitName& unit : needed[photo]) {
      if (zeroed.contains(unit)) return false;
    }
    for (const UnitName& unit : misled[photo]) {
      if (!zeroed.contains(unit)) return false;
    }
    return true;
  }

  std::vector<Verdict> Judge(const EditSet& edits) const {
    std::vector<Verdict> verdicts;
    for (size_t i = 0; i < needed.size(); ++i) {
      verdicts.push_back({.best = 0, .rank = IsRight(i, edits) ? 0 : 1, .output = 0});
    }
    verdicts.push_back({});  // a photo that is not judged
    return verdicts;
  }

  JudgedPhotos Photos(const std::string& name) const {
    return {name, Judge({}), [this](std::span<const EditSet> sets) {
              std::vector<std::vector<Verdict>> verdicts;
              for (const EditSet& set : sets) verdicts.push_back(Judge(set));
              return verdicts;
            }};
  }
};

std::vector<UnitName> Units(int64_t count) {
  std::vector<UnitName> units;
  for (int64_t i = 0; i < count; ++i) units.push_back({i % 2 == 0 ? "a" : "b", i / 2});
  return units;
}

/// Units 0 to 2 speak of the cue; 60 photos: all need unit 2 of them, the counter-cue ones are
/// misled by units 0 and 1. Units from 10 on are needed by a few photos each.
class TargetedEditTest : public ::testing::Test {
 protected:
  TargetedEditTest() {
    for (size_t i = 0; i < 60; ++i) {
      clean_.needed.push_back(i < 20 ? std::set<UnitName>{all_[2], all_[10 + i % 10]}
                                     : std::set<UnitName>{all_[10 + i % 10]});
      clean_.misled.emplace_back();
      cue_.needed.push_back(clean_.needed.back());
      cue_.misled.push_back({all_[0], all_[1]});
    }
  }
  TargetedEdit Choose(TargetedEditOptions options = {}) const {
    options.bootstrap.resamples = 300;
    return ChooseEdit({all_[2], all_[0], all_[1]}, all_, clean_.Photos("validation"),
                      {clean_.Photos("clean"), cue_.Photos("counter-cue")}, options);
  }

  std::vector<UnitName> all_ = Units(20);
  ScriptedClassifier clean_;
  ScriptedClassifier cue_;
};

TEST_F(TargetedEditTest, RemovesLeastHarmfulUnitsWhileValidationHolds) {
  const TargetedEdit edit = Choose();
  ASSERT_EQ(edit.order.size(), 3U);
  EXPECT_EQ(edit.order[2].unit, all_[2]);  // harmful: last
  EXPECT_EQ(edit.chosen, 2);
  EXPECT_EQ(edit.validation_photos, 60);
  EXPECT_EQ(edit.validation.size(), 4U);
  EXPECT_THAT(edit.Edits(), ElementsAre(ZeroUnit(all_[0].layer, all_[0].unit),
                                        ZeroUnit(all_[1].layer, all_[1].unit)));
}

TEST_F(TargetedEditTest, MeasuresNoUnitTwice) {
  std::map<UnitName, int> measured;
  JudgedPhotos validation = clean_.Photos("validation");
  const auto judge = validation.judge;
  validation.judge = [&](std::span<const EditSet> sets) {
    for (const EditSet& set : sets) {
      if (set.size() == 1) ++measured[{set[0].layer, set[0].unit}];
    }
    return judge(sets);
  };
  TargetedEditOptions options;
  options.trials = 50;
  ChooseEdit({all_[2], all_[0], all_[1]}, all_, validation, {clean_.Photos("clean")}, options);
  EXPECT_EQ(measured.size(), all_.size());
  for (const auto& [unit, times] : measured) {
    // The least harmful candidate is measured again as the first of the edit.
    EXPECT_LE(times, unit == all_[0] ? 2 : 1) << unit.layer << ":" << unit.unit;
  }
}

TEST_F(TargetedEditTest, TestsSayWhatItDoesBesideControls) {
  const TargetedEdit edit = Choose();
  ASSERT_EQ(edit.tests.size(), 2U);
  const EditTest& clean = edit.tests[0];
  EXPECT_EQ(clean.before.value, 1);
  EXPECT_EQ(clean.after.value, 1);
  EXPECT_FALSE(clean.change.IsSignificant());
  const EditTest& cue = edit.tests[1];
  EXPECT_EQ(cue.before.value, 0);
  EXPECT_EQ(cue.after.value, 1);
  EXPECT_TRUE(cue.change.IsSignificant());
  EXPECT_LT(cue.mcnemar_p_value, 1e-9);
  EXPECT_TRUE(cue.against_random.IsSignificant());
  EXPECT_EQ(cue.random_trials.size(), 5U);
  EXPECT_EQ(cue.sorted_trials.size(), 5U);
  // Random units are no candidates, so they never undo the cue.
  EXPECT_THAT(cue.random_trials, ::testing::Each(0));
  ASSERT_EQ(cue.curve.front().units, 0);
  EXPECT_EQ(cue.curve.front().edit.value, 0);
  EXPECT_EQ(cue.curve.back().units, 3);
}

TEST_F(TargetedEditTest, ToleranceAndLimitDecideHowFarItGoes) {
  TargetedEditOptions options;
  options.tolerance = 0.5;
  EXPECT_EQ(Choose(options).chosen, 3);
  options.most = 1;
  EXPECT_EQ(Choose(options).chosen, 1);
}

TEST_F(TargetedEditTest, WithoutAHarmlessUnitNothingIsChosenAndNothingClaimed) {
  const TargetedEdit edit = ChooseEdit({all_[2]}, all_, clean_.Photos("validation"),
                                       {clean_.Photos("clean")}, {.bootstrap = {1, 100}});
  EXPECT_EQ(edit.chosen, 0);
  EXPECT_TRUE(edit.Edits().empty());
  EXPECT_EQ(edit.tests[0].before.value, edit.tests[0].after.value);
  EXPECT_TRUE(edit.tests[0].random_trials.empty());
  EXPECT_FALSE(edit.tests[0].against_random.IsSignificant());
}

TEST_F(TargetedEditTest, SeedsDecideTheControlsOnly) {
  const TargetedEdit a = Choose();
  TargetedEditOptions options;
  options.seed = 2;
  const TargetedEdit b = Choose(options);
  EXPECT_EQ(a.validation, b.validation);
  EXPECT_EQ(a.tests[0].random_trials, Choose().tests[0].random_trials);
  EXPECT_NE(std::pair(a.tests[0].random_trials, a.tests[0].sorted_trials),
            std::pair(b.tests[0].random_trials, b.tests[0].sorted_trials));
}

TEST(LongestHarmlessTest, StopsAtTheFirstFall) {
  EXPECT_EQ(LongestHarmless(std::vector{0.5, 0.5, 0.6, 0.4, 0.7}, 0), 2);
  EXPECT_EQ(LongestHarmless(std::vector{0.5, 0.4}, 0), 0);
  EXPECT_EQ(LongestHarmless(std::vector{0.5, 0.4}, 0.1), 1);
  EXPECT_EQ(LongestHarmless(std::vector{0.5}, 0), 0);
}

TEST(DrawPartTest, DividesEachClassAlike) {
  std::vector<int32_t> labels;
  for (int i = 0; i < 40; ++i) labels.push_back(i % 4);
  labels.push_back(-1);
  const std::vector<bool> part = DrawPart(labels, 0.5, 3);
  std::map<int32_t, int> counts;
  for (size_t i = 0; i < labels.size(); ++i) counts[labels[i]] += part[i] ? 1 : 0;
  EXPECT_EQ(counts[-1], 0);
  for (int32_t label = 0; label < 4; ++label) EXPECT_EQ(counts[label], 5);
  EXPECT_EQ(part, DrawPart(labels, 0.5, 3));
  EXPECT_NE(part, DrawPart(labels, 0.5, 4));
}

TEST(DrawPartTest, HalfOfSinglePhotosIsDrawn) {
  std::vector<int32_t> labels(101);
  for (int i = 0; i < 101; ++i) labels[i] = i;
  const std::vector<bool> part = DrawPart(labels, 0.5, 1);
  const auto count = std::count(part.begin(), part.end(), true);
  EXPECT_GE(count, 50);
  EXPECT_LE(count, 51);
}

}  // namespace
}  // namespace milan
