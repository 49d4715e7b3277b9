#include "milan/exemplar/top_k.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/array.h"
#include "milan/base/random.h"

namespace milan {
namespace {

using testing::ElementsAre;

std::vector<int32_t> IdsOf(const TopK& top) {
  std::vector<int32_t> ids;
  for (const TopK::Entry& entry : top.entries()) ids.push_back(entry.photo_id);
  return ids;
}

void Add(TopK& top, int32_t id, float peak) {
  const auto number = static_cast<float>(id);  // tells the maps apart, with equal means
  const std::vector<float> map = {peak, number - 100, -number - 100};
  top.Add(id, peak, map);
}

TEST(TopK, KeepsTheHighestPeaksBestFirstWithTheirMaps) {
  TopK top(3);
  for (const auto& [id, peak] : {std::pair{0, 1.0F}, {1, 5.0F}, {2, -2.0F}, {3, 4.0F}, {4, 2.0F}}) {
    Add(top, id, peak);
  }
  EXPECT_THAT(IdsOf(top), ElementsAre(1, 3, 4));
  EXPECT_EQ(top.entries()[1].peak, 4);
  EXPECT_THAT(top.entries()[1].map, ElementsAre(ToHalf(4), ToHalf(-97), ToHalf(-103)));
}

TEST(TopK, EqualPeaksGoToMorePlacesAtThePeakThenToTheHigherMean) {
  const std::vector<std::pair<int32_t, std::vector<float>>> photos = {{0, {6, 0, 0, 0}},
                                                                      {1, {6, 6, 0, 0}},
                                                                      {2, {6, 6, 3, 0}},
                                                                      {3, {6, 5, 5, 5}},
                                                                      {4, {7, 0, 0, 0}}};
  Random random(1);
  for (int repeat = 0; repeat < 20; ++repeat) {
    TopK top(4);
    for (const size_t i : random.Permutation(photos.size())) {
      const auto& [id, map] = photos[i];
      top.Add(id, map[0], map);
    }
    EXPECT_THAT(IdsOf(top), ElementsAre(4, 2, 1, 3));
  }
}

TEST(TopK, TiesGoToTheSmallerPhotoIdInAnyOrder) {
  std::vector<int32_t> ids = {0, 1, 2, 3, 4, 5, 6, 7};
  Random random(1);
  for (int repeat = 0; repeat < 20; ++repeat) {
    random.Shuffle(ids);
    TopK top(3);
    for (const int32_t id : ids) Add(top, id, id == 7 ? 2.0F : 1.0F);
    EXPECT_THAT(IdsOf(top), ElementsAre(7, 0, 1));
  }
}

TEST(TopK, NaNNeverEntersAndInfinityIsThePeakItIs) {
  TopK top(2);
  Add(top, 0, std::nanf(""));
  Add(top, 1, -std::numeric_limits<float>::infinity());
  EXPECT_THAT(IdsOf(top), ElementsAre(1));
  Add(top, 2, std::numeric_limits<float>::infinity());
  Add(top, 3, 1);
  EXPECT_THAT(IdsOf(top), ElementsAre(2, 3));
}

TEST(TopK, MergesToWhatOneWouldKeep) {
  Random random(2);
  for (int repeat = 0; repeat < 50; ++repeat) {
    TopK whole(5);
    std::vector<TopK> parts(3, TopK(5));
    const auto photos = static_cast<int32_t>(random.Below(30));
    for (int32_t id = 0; id < photos; ++id) {
      const auto peak = static_cast<float>(random.Below(8));  // many ties
      Add(whole, id, peak);
      Add(parts[random.Below(3)], id, peak);
    }
    TopK merged(5);
    for (const size_t part : random.Permutation(3)) merged.Merge(parts[part]);
    EXPECT_EQ(IdsOf(merged), IdsOf(whole));
    for (size_t i = 0; i < whole.entries().size(); ++i) {
      EXPECT_EQ(merged.entries()[i].map, whole.entries()[i].map);
    }
  }
}

}  // namespace
}  // namespace milan
