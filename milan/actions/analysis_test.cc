#include "milan/actions/analysis.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<UnitName> Units(int64_t count) {
  std::vector<UnitName> units;
  for (int64_t i = 0; i < count; ++i) units.push_back({"a", i});
  return units;
}

/// 40 photos of two classes and one that is not judged. Class 0 needs the units below 4; the others
/// do nothing.
std::vector<Verdict> Judge(const EditSet& edits) {
  bool is_hurt = false;
  for (const UnitEdit& edit : edits) is_hurt = is_hurt || edit.unit < 4;
  std::vector<Verdict> verdicts;
  for (int i = 0; i < 40; ++i) {
    const bool is_wrong = is_hurt && i % 2 == 0;
    verdicts.push_back({0, is_wrong ? 3 : 0, is_wrong ? 0.25F : 1.0F});
  }
  verdicts.push_back({});
  return verdicts;
}

JudgedPhotos Photos() {
  return {"all", Judge({}), [](std::span<const EditSet> sets) {
            std::vector<std::vector<Verdict>> verdicts;
            for (const EditSet& set : sets) verdicts.push_back(Judge(set));
            return verdicts;
          }};
}

std::vector<int32_t> Labels() {
  std::vector<int32_t> labels;
  for (int i = 0; i < 40; ++i) labels.push_back(i % 2);
  labels.push_back(-1);
  return labels;
}

PropertyValues Marks(const std::string& name, const std::vector<int64_t>& units, size_t count) {
  PropertyValues property{name, "", std::vector<double>(count, 0)};
  for (const int64_t unit : units) property.values[unit] = 1;
  return property;
}

AnalysisOptions Options() {
  AnalysisOptions options;
  options.fractions = {0.01, 0.02};
  options.bootstrap.resamples = 400;
  return options;
}

TEST(AnalysisTest, PropertiesOfUnitsThatMatterAreFound) {
  constexpr size_t kUnits = 400;
  const Analysis analysis =
      AnalyzeProperties(Units(kUnits),
                        {Marks("needed", {0, 1, 2, 3}, kUnits),
                         Marks("idle", {10, 11, 12, 13, 14, 15, 16, 17}, kUnits)},
                        Photos(), Labels(), Options());
  EXPECT_EQ(analysis.photos, 40);
  EXPECT_EQ(analysis.baseline.value, 1);
  ASSERT_EQ(analysis.curves.size(), 2U);
  const AnalysisCurve& needed = analysis.curves[0];
  EXPECT_EQ(needed.units_with, 4);
  ASSERT_EQ(needed.points.size(), 2U);
  EXPECT_EQ(needed.points[0].units, 4);
  EXPECT_NEAR(needed.points[0].accuracy.value, 0.5, 1e-6);
  EXPECT_LT(needed.points[0].less_chance.difference.high, 0);
  EXPECT_TRUE(needed.points[0].IsSignificant());
  EXPECT_FALSE(analysis.curves[1].points[0].IsSignificant());
}

TEST(AnalysisTest, ClassesThatLoseAreNamed) {
  const Analysis analysis = AnalyzeProperties(Units(400), {Marks("needed", {0, 1, 2, 3}, 400)},
                                              Photos(), Labels(), Options());
  ASSERT_EQ(analysis.classes.size(), 2U);
  EXPECT_EQ(analysis.classes[0].after, 0);
  EXPECT_LT(analysis.classes[0].adjusted, kAlpha);
  EXPECT_EQ(analysis.classes[1].after, 1);
  EXPECT_EQ(analysis.classes[1].adjusted, 1);
}

TEST(AnalysisTest, ClassesOfFewPhotosAreNotCompared) {
  AnalysisOptions options = Options();
  options.least_class_photos = 21;
  const Analysis analysis =
      AnalyzeProperties(Units(400), {Marks("needed", {0}, 400)}, Photos(), Labels(), options);
  EXPECT_FALSE(analysis.classes[0].is_compared);
  EXPECT_EQ(analysis.classes[0].adjusted, 1);
}

TEST(AnalysisTest, EqualValuesAreOrderedByTheSeed) {
  const std::vector<double> values = {0, 2, 0, 1, 0, 0, 0, 0};
  const auto order = OrderByValue(values, 1);
  EXPECT_EQ(order[0], 1U);
  EXPECT_EQ(order[1], 3U);
  EXPECT_EQ(order, OrderByValue(values, 1));
  EXPECT_NE(order, OrderByValue(values, 2));
}

TEST(AnalysisTest, FractionsMustGrow) {
  AnalysisOptions options;
  options.fractions = {0.2, 0.1};
  EXPECT_THAT([&] { Validate(options); }, ThrowsMessage<Error>(HasSubstr("--fractions")));
  options.fractions = {0.1, 1.5};
  EXPECT_THROW(Validate(options), Error);
  options.fractions = {};
  EXPECT_THROW(Validate(options), Error);
}

TEST(ImportanceTest, UnitsThatPhotosNeedStandOut) {
  const auto importances = MeasureImportance(
      Units(6), {"dogs", "red dogs", "dogs", "dogs", "red dots", "dots"}, Photos());
  EXPECT_EQ(importances[0].lost, 20);
  EXPECT_EQ(importances[0].gained, 0);
  EXPECT_NEAR(importances[0].drop, 0.5, 1e-9);
  EXPECT_NEAR(importances[0].output_drop, 0.375, 1e-6);
  EXPECT_LT(importances[0].adjusted, kAlpha);
  EXPECT_EQ(importances[5].p_value, 1);
}

TEST(ImportanceTest, CategoriesOfEnoughUnitsAreCompared) {
  std::vector<UnitImportance> importances(12);
  for (size_t i = 0; i < importances.size(); ++i) {
    const bool is_animal = i < 6;
    importances[i].description = is_animal ? "dogs" : i == 6 ? "circles" : "red dots";
    importances[i].output_drop = (is_animal ? 0.3 : 0) + 0.01 * static_cast<double>(i % 6);
  }
  const auto categories = CompareCategories(importances, WordClasses(nullptr), {1, 500});
  std::map<std::string, CategoryImportance> by_name;
  for (const auto& category : categories) by_name[category.category] = category;
  const CategoryImportance& animal = by_name.at("animal");
  EXPECT_EQ(animal.units, 6);
  EXPECT_NEAR(animal.more_than_others->difference.value, 0.3, 1e-6);
  EXPECT_TRUE(animal.IsSignificant());
  const CategoryImportance& shape = by_name.at("shape");
  EXPECT_EQ(shape.units, 1);
  EXPECT_NEAR(shape.output_drop, 0, 1e-9);
  EXPECT_FALSE(shape.more_than_others) << "one unit is no evidence for a kind of units";
  EXPECT_FALSE(shape.IsSignificant());
}

}  // namespace
}  // namespace milan
