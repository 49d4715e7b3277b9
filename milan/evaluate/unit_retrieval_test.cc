#include "milan/evaluate/unit_retrieval.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace milan {
namespace {

using Texts = std::vector<std::string>;

/// Numbers are near when their difference is small.
double NearnessOfNumbers(const std::string& text, const Texts& references) {
  double best = -1e9;
  for (const std::string& reference : references) {
    best = std::max(best, -std::abs(std::stod(text) - std::stod(reference)));
  }
  return best;
}

std::vector<Texts> Pool(int count) {
  std::vector<Texts> pool;
  for (int i = 0; i < count; ++i) pool.push_back({std::to_string(i)});
  return pool;
}

TEST(RetrieveUnitsTest, RanksTheUnitAmongOthers) {
  const std::vector<Texts> pool = Pool(5);
  // 0.2 is nearest to 0; 2.4 given to unit 4 is nearer to 2, 3, 1 (distance 1.4, 4: 1.6).
  const std::vector<Query> queries = {{"0.2", 0, pool[0]}, {"2.4", 4, pool[4]}};
  const auto found =
      RetrieveUnits(queries, pool, NearnessOfNumbers, {.seed = 1, .candidates = 100});
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].reciprocal_rank, 1);
  EXPECT_EQ(found[0].is_first, 1);
  EXPECT_DOUBLE_EQ(found[1].reciprocal_rank, 1.0 / 4);
  EXPECT_EQ(found[1].is_first, 0);
}

TEST(RetrieveUnitsTest, ATextThatSuitsAllGetsWhatChanceGives) {
  const std::vector<Texts> pool(300, Texts{"7"});
  const std::vector<Query> queries = {{"7", 3, pool[3]}};
  const auto found = RetrieveUnits(queries, pool, NearnessOfNumbers, {.seed = 1, .candidates = 4});
  EXPECT_DOUBLE_EQ(found[0].is_first, 1.0 / 4);
  EXPECT_DOUBLE_EQ(found[0].reciprocal_rank, (1 + 1.0 / 2 + 1.0 / 3 + 1.0 / 4) / 4);
}

TEST(RetrieveUnitsTest, OnlySoManyDifferentCandidatesAreDrawn) {
  const std::vector<Texts> pool = Pool(1000);
  std::vector<std::string> asked;
  const Nearness recorded = [&](const std::string&, const Texts& references) {
    asked.push_back(references[0]);
    return 0.0;
  };
  const std::vector<Query> queries = {{"5", 5, pool[5]}};
  RetrieveUnits(queries, pool, recorded, {.seed = 1, .candidates = 100});
  ASSERT_EQ(asked.size(), 100);
  const std::vector<std::string> first = asked;
  std::sort(asked.begin(), asked.end());
  EXPECT_EQ(std::unique(asked.begin(), asked.end()), asked.end());
  asked.clear();
  RetrieveUnits(queries, pool, recorded, {.seed = 1, .candidates = 100});
  EXPECT_EQ(asked, first);  // the same rivals for every set of descriptions
  asked.clear();
  RetrieveUnits(queries, pool, recorded, {.seed = 2, .candidates = 100});
  EXPECT_NE(asked, first);
}

}  // namespace
}  // namespace milan
