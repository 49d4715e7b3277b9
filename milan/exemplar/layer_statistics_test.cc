#include "milan/exemplar/layer_statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/random.h"
#include "milan/exemplar/test_activations.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

constexpr int kPhotos = 40;
constexpr int64_t kUnits = 6;
constexpr KeptPhotos kKept = {.strongest = 7, .weakest = 7, .sampled = 28};

Array ActivationsOf(int photo) {
  Array activations{{1, kUnits, 3, 5}, {}};
  activations.values = RandomActivations(kUnits * 15, photo, true, 0.2F);
  for (size_t i = 0; i < 15; ++i) {
    activations.values[i] = 0;           // unit 0 is dead
    activations.values[15 + i] = 0.7F;   // unit 1 is constant
    activations.values[30 + i] *= 0.0F;  // unit 2 is dead, with zeros of both signs
    if (photo % 2 == 0) activations.values[30 + i] = -0.0F;
  }
  if (photo == 17) activations.values[3 * 15 + 4] = std::nanf("");  // unit 3 is invalid
  return activations;
}

std::string SavedBytes(LayerStatistics statistics) {
  const TemporaryFolder folder;
  std::string bytes;
  for (const ExemplarKind kind : {ExemplarKind::kStrongest, ExemplarKind::kWeakest,
                                  ExemplarKind::kMiddle, ExemplarKind::kRandom}) {
    statistics.Finish("layer", 0.9, kind).Save(folder / "set");
    bytes += ReadFile(folder / "set");
  }
  return bytes;
}

LayerStatistics Whole() {
  LayerStatistics statistics(kUnits, 3, 5, kKept);
  for (int photo = 0; photo < kPhotos; ++photo) statistics.Add(photo, ActivationsOf(photo).View());
  return statistics;
}

TEST(LayerStatistics, AnyOrderAndAnyDivisionGiveTheSameBytes) {
  const std::string whole = SavedBytes(Whole());
  Random random(1);
  for (int workers = 1; workers <= 9; ++workers) {
    std::vector<LayerStatistics> parts(workers, LayerStatistics(kUnits, 3, 5, kKept));
    for (const size_t photo : random.Permutation(kPhotos)) {
      const auto id = static_cast<int32_t>(photo);
      parts[random.Below(workers)].Add(id, ActivationsOf(id).View());
    }
    random.Shuffle(parts);
    LayerStatistics merged = parts.front();
    for (int i = 1; i < workers; ++i) merged.Merge(parts[i]);
    EXPECT_TRUE(SavedBytes(merged) == whole) << workers << " workers";
  }
}

/// Peaks of one unit over all photos.
std::vector<float> PeaksOf(int64_t unit) {
  std::vector<float> peaks;
  for (int photo = 0; photo < kPhotos; ++photo) {
    const Array activations = ActivationsOf(photo);
    const auto map = activations.values.begin() + unit * 15;
    peaks.push_back(*std::max_element(map, map + 15));
  }
  return peaks;
}

std::set<int32_t> IdsOf(const ExemplarSet& set, int64_t unit) {
  const auto first = set.photo_ids.begin() + unit * set.k;
  return {first, first + set.CountOf(unit)};
}

TEST(LayerStatistics, TheWeakestAreThePhotosWithTheLowestPeaks) {
  const ExemplarSet set = Whole().Finish("layer", 0.9, ExemplarKind::kWeakest);
  std::vector<float> peaks = PeaksOf(5);
  std::sort(peaks.begin(), peaks.end());
  for (int64_t rank = 0; rank < 7; ++rank) EXPECT_EQ(set.activations[5 * 7 + rank], peaks[rank]);
}

TEST(LayerStatistics, TheRandomOnesAreAlikeForAllUnitsAndNotAmongTheStrongest) {
  const ExemplarSet strongest = Whole().Finish("layer", 0.9);
  const ExemplarSet random = Whole().Finish("layer", 0.9, ExemplarKind::kRandom);
  std::set<int32_t> both;
  for (const int64_t unit : {4, 5}) {
    for (const int32_t id : IdsOf(random, unit)) {
      EXPECT_FALSE(IdsOf(strongest, unit).contains(id));
    }
    EXPECT_EQ(IdsOf(random, unit).size(), 7U);
    both.merge(IdsOf(random, unit));
  }
  EXPECT_LT(both.size(), 14U) << "each unit has a sample of its own";
}

TEST(LayerStatistics, TheMiddleOnesLieAboutTheMedian) {
  const ExemplarSet set = Whole().Finish("layer", 0.9, ExemplarKind::kMiddle);
  std::vector<float> peaks = PeaksOf(5);
  std::sort(peaks.begin(), peaks.end());
  for (int64_t rank = 0; rank < 7; ++rank) {
    const float peak = set.activations[5 * 7 + rank];
    EXPECT_GT(peak, peaks[kPhotos / 4]);
    EXPECT_LT(peak, peaks[kPhotos * 3 / 4]);
  }
}

TEST(LayerStatistics, EveryActivationIsInTheDistributionAndTheCounts) {
  const ExemplarSet set = Whole().Finish("layer", 0.9);
  const auto counts = [&](int64_t unit, int64_t which) { return set.counts[unit * 4 + which]; };
  for (int64_t unit = 0; unit < kUnits; ++unit) {
    const auto bins = set.distributions.begin() + unit * ExemplarSet::kBins;
    EXPECT_EQ(std::accumulate(bins, bins + ExemplarSet::kBins, uint64_t{0}), counts(unit, 0));
    EXPECT_EQ(counts(unit, 0) + counts(unit, 2) + counts(unit, 3), uint64_t{kPhotos} * 15);
  }
  EXPECT_EQ(counts(0, 1), uint64_t{kPhotos} * 15);
  EXPECT_EQ(counts(3, 2), 1U);
}

TEST(LayerStatistics, ExemplarsAreThePhotosWithTheHighestPeaks) {
  const ExemplarSet set = Whole().Finish("layer", 0.9);
  EXPECT_EQ(set.layer, "layer");
  for (const int64_t unit : {4, 5}) {
    std::vector<std::pair<float, int>> expected;
    std::vector<float> all;
    for (int photo = 0; photo < kPhotos; ++photo) {
      const Array activations = ActivationsOf(photo);
      const auto first = activations.values.begin() + unit * 15;
      expected.emplace_back(-*std::max_element(first, first + 15), photo);
      all.insert(all.end(), first, first + 15);
    }
    std::sort(expected.begin(), expected.end());
    for (int64_t rank = 0; rank < set.k; ++rank) {
      EXPECT_EQ(set.PhotoId(unit, rank), expected[rank].second);
      EXPECT_EQ(set.activations[unit * set.k + rank], -expected[rank].first);
      const std::vector<float> map = set.Map(unit, rank);
      EXPECT_NEAR(*std::max_element(map.begin(), map.end()), -expected[rank].first, 1e-3);
    }
    EXPECT_EQ(set.states[unit], UnitState::kAlive);
    EXPECT_NEAR(set.thresholds[unit], ExactQuantile(all, 0.9), 0.01);
    EXPECT_EQ(set.maxima[unit], *std::max_element(all.begin(), all.end()));
    EXPECT_EQ(set.minima[unit], 0);
  }
}

TEST(LayerStatistics, SaysWhichUnitsAreDeadConstantOrInvalid) {
  const ExemplarSet set = Whole().Finish("layer", 0.9);
  EXPECT_EQ(set.states[0], UnitState::kDead);
  EXPECT_EQ(set.states[1], UnitState::kConstant);
  EXPECT_EQ(set.thresholds[1], 0.7F);
  EXPECT_EQ(set.states[2], UnitState::kDead);
  EXPECT_EQ(set.states[3], UnitState::kInvalid);
  for (int64_t rank = 0; rank < set.k; ++rank) {
    EXPECT_EQ(set.PhotoId(0, rank), rank);  // all tied
    EXPECT_NE(set.PhotoId(3, rank), 17);    // the photo with the NaN
  }
}

TEST(LayerStatistics, FewerPhotosThanPlacesLeaveThemEmpty) {
  LayerStatistics statistics(kUnits, 3, 5, {7});
  for (const int photo : {8, 3}) statistics.Add(photo, ActivationsOf(photo).View());
  const ExemplarSet set = statistics.Finish("layer", 0.9);
  EXPECT_EQ(set.CountOf(4), 2);
  EXPECT_EQ(set.PhotoId(4, 2), -1);
  EXPECT_EQ(set.PhotoId(4, 6), -1);
}

TEST(LayerStatistics, TakesMapsAndVectorsAndNoOtherShape) {
  LayerStatistics maps(2, 3, 4, {1});
  const std::vector<float> values(24, 1.0F);
  maps.Add(0, {{1, 2, 3, 4}, values});
  maps.Add(1, {{2, 3, 4}, values});
  for (const Shape& shape : {Shape{2, 4, 3}, {1, 3, 4, 2}, {24}, {1, 24}, {2, 1, 3, 4}}) {
    EXPECT_THROW(maps.Add(2, {shape, values}), Error) << ToString(shape);
  }
  LayerStatistics vectors(24, 1, 1, {1});
  vectors.Add(0, {{1, 24}, values});
  vectors.Add(1, {{24}, values});
  vectors.Add(2, {{1, 24, 1, 1}, values});
  EXPECT_THROW(vectors.Add(3, {{24, 1}, values}), Error);
}

}  // namespace
}  // namespace milan
