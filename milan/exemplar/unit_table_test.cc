#include "milan/exemplar/unit_table.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/array.h"
#include "milan/exemplar/test_activations.h"

namespace milan {
namespace {

constexpr int64_t kPositions = 16;

/// Units of two exemplars each, photos and maps given by the test.
ExemplarSet EmptySet() {
  ExemplarSet set;
  set.layer = "block,1";
  set.k = 2;
  set.height = 4;
  set.width = 4;
  return set;
}

void AddUnit(ExemplarSet& set, const std::vector<int32_t>& photos,
             const std::vector<std::vector<float>>& maps, UnitState state = UnitState::kAlive) {
  ++set.units;
  set.photo_ids.insert(set.photo_ids.end(), photos.begin(), photos.end());
  for (const std::vector<float>& map : maps) {
    set.activations.push_back(*std::max_element(map.begin(), map.end()));
    std::transform(map.begin(), map.end(), std::back_inserter(set.maps), ToHalf);
  }
  set.states.push_back(state);
  set.thresholds.push_back(0.5F);
  set.minima.push_back(0);
  set.maxima.push_back(100);
}

TEST(UnitTable, FindsDuplicatesSaturatedAndSilentUnits) {
  const auto a = RandomActivations(kPositions, 1, true);
  const auto b = RandomActivations(kPositions, 2, true);
  const auto c = RandomActivations(kPositions, 3, true);
  std::vector<float> twice_b = b;
  for (float& value : twice_b) value *= 2;
  std::vector<float> twice_a = a;
  for (float& value : twice_a) value *= 2;
  ExemplarSet set = EmptySet();
  AddUnit(set, {3, 5}, {a, b});
  AddUnit(set, {5, 3}, {twice_b, twice_a});            // the same, twice as strong, other order
  AddUnit(set, {3, 5}, {a, c});                        // the same photos, something else in one
  AddUnit(set, {3, 6}, {a, b});                        // other photos
  AddUnit(set, {3, 5}, {a, b}, UnitState::kConstant);  // silent units are nobody's duplicates
  AddUnit(set, {7, 8}, {a, b});
  set.thresholds.back() = 100;
  const auto facts = FactsOf(set);
  ASSERT_EQ(facts.size(), 6U);
  EXPECT_EQ(facts[1].duplicate_of, 0);
  for (const size_t unit : {0, 2, 3, 4, 5}) EXPECT_EQ(facts[unit].duplicate_of, -1) << unit;
  const UnitCounts counts = Count(facts);
  EXPECT_EQ(counts.units, 6);
  EXPECT_EQ(counts.duplicates, 1);
  EXPECT_EQ(counts.saturated, 1);
  EXPECT_EQ(counts.constant, 1);
  EXPECT_EQ(counts.dead, 0);
  EXPECT_THAT(ToCsv(facts), testing::StartsWith("layer,unit,state,saturated,duplicate_of\n"
                                                "\"block,1\",0,alive,no,\n"
                                                "\"block,1\",1,alive,no,0\n"));
}

TEST(UnitTable, TheMaskOfASaturatedUnitIsAroundThePositionsAtTheCap) {
  std::vector<float> map(kPositions, 1);
  map[5] = map[6] = 6;
  ExemplarSet set = EmptySet();
  AddUnit(set, {3, 5}, {map, map});
  set.maxima.back() = 6;
  set.thresholds.back() = 6;
  ASSERT_TRUE(set.IsSaturated(0));
  const auto mask = set.Mask(0, 0, {8, 8});
  for (int y = 0; y < 8; ++y) {
    for (int x = 0; x < 8; ++x) {
      const bool inside = (y == 2 || y == 3) && x >= 2 && x <= 5;
      EXPECT_EQ(mask[y * 8 + x], inside ? 1 : 0) << y << " " << x;
    }
  }
}

}  // namespace
}  // namespace milan
