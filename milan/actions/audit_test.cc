#include "milan/actions/audit.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

UnitDescription Unit(const std::string& layer, int64_t unit, const std::string& text,
                     const std::vector<std::string>& others = {}) {
  UnitDescription described;
  described.layer = layer;
  described.unit = unit;
  described.state = text.empty() ? "dead" : "alive";
  described.best = {text, -1, -1, -1};
  for (const std::string& other : others) described.others.push_back({other, -1, -1, -1});
  return described;
}

RunFindings Find(const std::vector<UnitDescription>& units, const std::string& terms,
                 const Confidences& confidences = {}) {
  Descriptions descriptions;
  descriptions.units = units;
  return FindConcept(descriptions, {{"b"}, {"a"}}, Concept::Parse(terms), {}, confidences);
}

TEST(AuditTest, RunnersUpAreWeakerEvidence) {
  const RunFindings found =
      Find({Unit("a", 0, "dogs", {"faces", "cats"}), Unit("a", 1, "faces"),
            Unit("a", 2, "cars", {"wheels"}), Unit("a", 3, ""), Unit("b", 0, "surfaces")},
           "face");
  ASSERT_EQ(found.findings.size(), 2U);
  EXPECT_EQ(found.findings[0].unit, (UnitName{"a", 1}));
  EXPECT_TRUE(found.findings[0].IsStrong());
  EXPECT_EQ(found.findings[0].support, 1);
  EXPECT_EQ(found.findings[1].place, 1);
  EXPECT_FALSE(found.findings[1].IsStrong());
  EXPECT_NEAR(found.findings[1].support, 1.0 / 3, 1e-9);
  // Layers in the run's order; a unit without a description is not counted.
  ASSERT_EQ(found.layers.size(), 2U);
  EXPECT_EQ(found.layers[0].layer, "b");
  EXPECT_EQ(found.layers[0].strong, 0);
  EXPECT_EQ(found.layers[0].as_letters, 1);
  EXPECT_EQ(found.layers[1].described, 3);
  EXPECT_EQ(found.layers[1].strong, 1);
  EXPECT_EQ(found.layers[1].weak, 1);
  EXPECT_EQ(found.Described(), 4);
  EXPECT_EQ(found.Strong(), 1);
}

TEST(AuditTest, SupportWeighsTextsByTheirLikelihood) {
  UnitDescription unit = Unit("a", 0, "faces", {"dogs", "cats"});
  unit.best.log_likelihood = std::log(0.5);
  unit.others[0].log_likelihood = std::log(0.25);
  unit.others[1].log_likelihood = std::nan("");
  EXPECT_NEAR(Find({unit}, "face").findings[0].support, 0.5 / (0.5 + 0.25 + 0.5), 1e-9);
}

TEST(AuditTest, LayersOfTheSameNameAreTestedAndCorrected) {
  std::vector<UnitDescription> with;
  std::vector<UnitDescription> without;
  for (int64_t i = 0; i < 20; ++i) {
    with.push_back(Unit("a", i, i < 12 ? "faces" : "dogs"));
    without.push_back(Unit("a", i, i < 1 ? "faces" : "dogs"));
    with.push_back(Unit("b", i, "dogs"));
    without.push_back(Unit("b", i, "dogs"));
  }
  const AuditComparison comparison =
      CompareFindings(Find(with, "face"), Find(without, "face"), {}, Correction::kHolm);
  ASSERT_EQ(comparison.layers.size(), 2U);
  EXPECT_FALSE(comparison.layers[0].IsSignificant());
  EXPECT_TRUE(comparison.layers[1].IsSignificant());
  EXPECT_NEAR(comparison.layers[1].adjusted, 2 * comparison.layers[1].p_value, 1e-9);
  EXPECT_NEAR(comparison.layers[1].difference.value, 0.55, 1e-9);
  EXPECT_EQ(comparison.all.a.count, 12);
  EXPECT_EQ(comparison.all.b.total, 40);
}

TEST(AuditTest, LayersOfOneRunOnlyAreNamedAndNotTested) {
  const AuditComparison comparison =
      CompareFindings(Find({Unit("a", 0, "faces")}, "face"), Find({Unit("b", 0, "faces")}, "face"),
                      {}, Correction::kHolm);
  EXPECT_TRUE(comparison.layers.empty());
  EXPECT_THAT(comparison.only_a, ElementsAre("a"));
  EXPECT_THAT(comparison.only_b, ElementsAre("b"));
  EXPECT_EQ(comparison.all.a.count, 1);
  // Where some layers are in both, all together are those only.
  const AuditComparison some =
      CompareFindings(Find({Unit("a", 0, "faces"), Unit("b", 0, "faces")}, "face"),
                      Find({Unit("b", 0, "dogs")}, "face"), {}, Correction::kHolm);
  EXPECT_EQ(some.all.a.total, 1);
  EXPECT_EQ(some.all.b.total, 1);
}

TEST(AuditTest, PairsAreComparedAsPairs) {
  const RunFindings a =
      Find({Unit("a", 0, "faces"), Unit("a", 1, "faces"), Unit("a", 2, "dogs")}, "face");
  const RunFindings b =
      Find({Unit("a", 0, "dogs"), Unit("a", 1, "faces"), Unit("a", 2, "faces")}, "face");
  const std::vector<UnitPair> pairs = {
      {{"a", 0}, {"a", 0}, 5, 0.01}, {{"a", 1}, {"a", 1}, 5, 0.01}, {{"a", 0}, {"a", 9}, 5, 0.01}};
  const AuditComparison comparison = CompareFindings(a, b, pairs, Correction::kHolm);
  EXPECT_EQ(comparison.pairs.size(), 2U);  // unit 9 has no description
  EXPECT_EQ(comparison.pairs_both, 1);
  EXPECT_EQ(comparison.pairs_only_a, 1);
  EXPECT_EQ(comparison.pairs_only_b, 0);
  EXPECT_EQ(comparison.pairs_p_value, 1);
}

TEST(AuditTest, ConfidenceIsReadWhereTheDescriberGaveIt) {
  const TemporaryFolder folder;
  EXPECT_TRUE(ReadConfidences(folder.path()).empty());
  WriteFileAtomically(folder / "descriptions.csv", "layer,unit,description\na,0,faces\n");
  EXPECT_TRUE(ReadConfidences(folder.path()).empty());
  WriteFileAtomically(folder / "descriptions.csv",
                      "layer,unit,description,confidence,reliable\na,0,faces,0.75,yes\na,1,,,\n");
  const Confidences confidences = ReadConfidences(folder.path());
  const RunFindings found = Find({Unit("a", 0, "faces")}, "face", confidences);
  EXPECT_EQ(found.findings[0].confidence.value, 0.75);
  EXPECT_EQ(found.findings[0].confidence.reliable, true);
  EXPECT_FALSE(confidences.at({"a", 1}).value.has_value());
  WriteFileAtomically(folder / "descriptions.csv", "layer,unit,confidence\na,0,high\n");
  EXPECT_THAT([&] { ReadConfidences(folder.path()); }, ThrowsMessage<Error>(HasSubstr("'high'")));
}

UnitPhotos Photos(int64_t unit, std::vector<int64_t> photos) {
  return {{"a", unit}, std::move(photos)};
}

TEST(UnitPairsTest, MutualBestPairsBeyondChanceArePaired) {
  const std::vector<UnitPhotos> a = {Photos(0, {1, 2, 3, 4, 5}), Photos(1, {10, 11, 12, 13, 14}),
                                     Photos(2, {1, 2, 3, 90, 91})};
  const std::vector<UnitPhotos> b = {Photos(0, {10, 11, 12, 13, 99}), Photos(1, {1, 2, 3, 4, 98}),
                                     Photos(2, {50, 51, 52, 53, 90})};
  const std::vector<UnitPair> pairs = PairByPhotos(a, b, 1000);
  ASSERT_EQ(pairs.size(), 2U);
  EXPECT_EQ(pairs[0].a.unit, 0);
  EXPECT_EQ(pairs[0].b.unit, 1);
  EXPECT_EQ(pairs[0].shared, 4);
  EXPECT_EQ(pairs[1].b.unit, 0);
  // One photo in common, among so many units and so few photos, is chance.
  EXPECT_TRUE(PairByPhotos(std::vector{a[2]}, std::vector{b[2]}, 20).empty());
  EXPECT_TRUE(PairByPhotos({}, b, 1000).empty());
}

}  // namespace
}  // namespace milan
