#include "milan/captioner/beam_search.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/random.h"

namespace milan {
namespace {

using Tokens = std::vector<int>;

constexpr int kVocabulary = 6;  // five words; the last one stops
constexpr int kStop = 5;
constexpr int kStart = 6;

/// A scorer with a distribution of its own for every prefix, chosen by hashing the prefix.
class PrefixScorer {
 public:
  explicit PrefixScorer(uint64_t seed) : seed_(seed) {}

  std::vector<float> LogProbabilities(const Tokens& prefix) const {
    uint64_t hash = seed_;
    for (const int token : prefix) hash = Random(hash * 31 + static_cast<uint64_t>(token)).Next();
    Random random(hash);
    std::vector<double> weights;
    double sum = 0;
    for (int i = 0; i < kVocabulary; ++i) {
      weights.push_back(std::exp(3 * random.Uniform()));
      sum += weights.back();
    }
    std::vector<float> result;
    for (const double weight : weights)
      result.push_back(static_cast<float>(std::log(weight / sum)));
    return result;
  }

  double Score(const Tokens& tokens) const {
    double score = 0;
    Tokens prefix;
    for (const int token : tokens) {
      score += LogProbabilities(prefix)[static_cast<size_t>(token)];
      prefix.push_back(token);
    }
    return score;
  }

 private:
  uint64_t seed_;
};

/// Runs searches with one scorer each, keeping the prefixes of the rows as the state.
std::vector<std::vector<Hypothesis>> Search(const std::vector<PrefixScorer>& scorers, int beam_size,
                                            int length) {
  std::vector<Tokens> prefixes;
  std::vector<float> output;
  const auto step = [&](const SearchStep& next) -> std::span<const float> {
    std::vector<Tokens> extended;
    output.clear();
    for (size_t row = 0; row < next.tokens.size(); ++row) {
      if (next.tokens[row] == kStart) {
        extended.emplace_back();
      } else {
        extended.push_back(prefixes.at(static_cast<size_t>(next.parents[row])));
        extended.back().push_back(next.tokens[row]);
      }
      const PrefixScorer& scorer = scorers[row / static_cast<size_t>(next.rows_per_search)];
      const std::vector<float> scores = scorer.LogProbabilities(extended.back());
      output.insert(output.end(), scores.begin(), scores.end());
    }
    prefixes = extended;
    return output;
  };
  return BeamSearch(static_cast<int64_t>(scorers.size()), step, {beam_size, length, kStart, kStop});
}

/// Every sequence that ends with the stop token or has the full length, best first.
std::vector<Hypothesis> AllSequences(const PrefixScorer& scorer, int length) {
  std::vector<Hypothesis> all;
  std::vector<Tokens> open = {{}};
  while (!open.empty()) {
    const Tokens prefix = open.back();
    open.pop_back();
    for (int token = 0; token < kVocabulary; ++token) {
      Tokens tokens = prefix;
      tokens.push_back(token);
      if (token == kStop || static_cast<int>(tokens.size()) == length) {
        all.push_back({tokens, scorer.Score(tokens)});
      } else {
        open.push_back(tokens);
      }
    }
  }
  std::sort(all.begin(), all.end(),
            [](const Hypothesis& a, const Hypothesis& b) { return a.score > b.score; });
  return all;
}

TEST(BeamSearch, WideBeamEqualsExhaustiveSearch) {
  const PrefixScorer scorer(7);
  const std::vector<Hypothesis> expected = AllSequences(scorer, 4);
  const std::vector<Hypothesis> found = Search({scorer}, 1000, 4).at(0);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].tokens, expected[i].tokens) << "place " << i;
    EXPECT_NEAR(found[i].score, expected[i].score, 1e-5);
  }
}

TEST(BeamSearch, BeamThatHoldsAllPrefixesFindsTheBest) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const PrefixScorer scorer(seed);
    const std::vector<Hypothesis> expected = AllSequences(scorer, 4);
    // 125 prefixes of three words, and as many places for finished hypotheses (1 + 5 + 25).
    const std::vector<Hypothesis> found = Search({scorer}, 156, 4).at(0);
    for (size_t i = 0; i < 10; ++i) EXPECT_EQ(found[i].tokens, expected[i].tokens);
  }
}

TEST(BeamSearch, NarrowBeamGivesRealScoresInOrderWithoutDuplicates) {
  const PrefixScorer scorer(3);
  const std::vector<Hypothesis> found = Search({scorer}, 5, 6).at(0);
  ASSERT_EQ(found.size(), 5U);
  std::set<Tokens> different;
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i].score, scorer.Score(found[i].tokens), 1e-5);
    EXPECT_TRUE(found[i].tokens.back() == kStop || found[i].tokens.size() == 6);
    EXPECT_EQ(std::count(found[i].tokens.begin(), found[i].tokens.end() - 1, kStop), 0);
    if (i > 0) {
      EXPECT_GE(found[i - 1].score, found[i].score);
    }
    different.insert(found[i].tokens);
  }
  EXPECT_EQ(different.size(), found.size());
}

TEST(BeamSearch, BeamOfOneIsGreedy) {
  const PrefixScorer scorer(11);
  Tokens greedy;
  while (greedy.size() < 8 && (greedy.empty() || greedy.back() != kStop)) {
    const std::vector<float> scores = scorer.LogProbabilities(greedy);
    greedy.push_back(
        static_cast<int>(std::max_element(scores.begin(), scores.end()) - scores.begin()));
  }
  EXPECT_EQ(Search({scorer}, 1, 8).at(0).at(0).tokens, greedy);
}

TEST(BeamSearch, SearchesSideBySideDoNotDisturbEachOther) {
  std::vector<PrefixScorer> scorers;
  for (uint64_t seed = 20; seed < 27; ++seed) scorers.emplace_back(seed);
  const auto together = Search(scorers, 4, 7);
  for (size_t i = 0; i < scorers.size(); ++i) {
    const auto alone = Search({scorers[i]}, 4, 7).at(0);
    ASSERT_EQ(together[i].size(), alone.size());
    for (size_t j = 0; j < alone.size(); ++j) {
      EXPECT_EQ(together[i][j].tokens, alone[j].tokens);
      EXPECT_EQ(together[i][j].score, alone[j].score);
    }
  }
}

TEST(BeamSearch, EndsAsSoonAsAllHypothesesHaveFinished) {
  int steps = 0;
  const std::vector<float> certain = {-100.0F, -100.0F, 0.0F};
  std::vector<float> output;
  const auto step = [&](const SearchStep& next) -> std::span<const float> {
    ++steps;
    output.clear();
    for (size_t i = 0; i < next.tokens.size(); ++i) {
      output.insert(output.end(), certain.begin(), certain.end());
    }
    return output;
  };
  const auto found = BeamSearch(2, step, {1, 15, 3, 2});
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(found[1][0].tokens, (Tokens{2}));
  EXPECT_TRUE(BeamSearch(0, step, {1, 15, 3, 2}).empty());
}

TEST(BeamSearch, ImpossibleTokensAreNeverChosen) {
  const float never = -std::numeric_limits<float>::infinity();
  const std::vector<float> row = {never, std::log(0.5F), std::log(0.5F),
                                  std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> output;
  const auto step = [&](const SearchStep& next) -> std::span<const float> {
    output.clear();
    for (size_t i = 0; i < next.tokens.size(); ++i) {
      output.insert(output.end(), row.begin(), row.end());
    }
    return output;
  };
  const auto found = BeamSearch(1, step, {50, 3, 4, 2}).at(0);
  EXPECT_EQ(found.size(), 4U);  // stop; 1 stop; 1 1 stop; 1 1 1
  for (const Hypothesis& hypothesis : found) {
    EXPECT_THAT(hypothesis.tokens, testing::Each(testing::AnyOf(1, 2)));
  }
}

}  // namespace
}  // namespace milan
