#include "milan/evaluate/rouge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(RougeTokensTest, AreRunsOfLettersAndDigits) {
  EXPECT_THAT(RougeTokens("The DOG's close-up, 3.5x!", false),
              ElementsAre("the", "dog", "s", "close", "up", "3", "5x"));
  EXPECT_THAT(RougeTokens("dogs running; the bus, gas", true),
              ElementsAre("dog", "run", "the", "bus", "gas"));  // up to three letters stay
  EXPECT_THAT(RougeTokens("... ", false), IsEmpty());
}

// By hand. Five of six words are shared (the, cat, on, the, mat), in the same order; of the pairs
// "the cat", "on the", "the mat" of five.
TEST(RougeTest, CountsSharedWordsPairsAndTheLongestCommonSubsequence) {
  const RougeScores scores = Rouge("The cat sat on the mat.", {"the cat was on the mat"});
  EXPECT_DOUBLE_EQ(scores.rouge_1, 5.0 / 6);
  EXPECT_DOUBLE_EQ(scores.rouge_2, 3.0 / 5);
  EXPECT_DOUBLE_EQ(scores.rouge_l, 5.0 / 6);
}

// By hand. P = 2/2, R = 2/5 for words; P = 1/1, R = 1/4 for pairs: F = 2PR/(P+R).
TEST(RougeTest, IsTheFMeasure) {
  const RougeScores scores = Rouge("red dogs", {"two red dogs on grass"});
  EXPECT_DOUBLE_EQ(scores.rouge_1, 4.0 / 7);
  EXPECT_DOUBLE_EQ(scores.rouge_2, 2.0 / 5);
  EXPECT_DOUBLE_EQ(scores.rouge_l, 4.0 / 7);
}

TEST(RougeTest, OrderCountsForPairsAndSubsequencesOnly) {
  const RougeScores scores = Rouge("grass and dogs", {"dogs and grass"});
  EXPECT_DOUBLE_EQ(scores.rouge_1, 1);
  EXPECT_DOUBLE_EQ(scores.rouge_2, 0);
  EXPECT_DOUBLE_EQ(scores.rouge_l, 1.0 / 3);
}

TEST(RougeTest, RepeatedWordsCountAsOftenAsTheReferenceHasThem) {
  EXPECT_DOUBLE_EQ(Rouge("dog dog dog", {"dog cat"}).rouge_1, 2.0 / 5);
}

TEST(RougeTest, EachScoreTakesTheBestReference) {
  const RougeScores scores = Rouge("a b c", {"c b a", "b c x y z"});
  EXPECT_DOUBLE_EQ(scores.rouge_1, 1);
  EXPECT_DOUBLE_EQ(scores.rouge_2, 2.0 * 1 / (2 + 4));
}

TEST(RougeTest, StemmingMatchesForms) {
  EXPECT_DOUBLE_EQ(Rouge("dogs running", {"dog runs"}, false).rouge_1, 0);
  EXPECT_DOUBLE_EQ(Rouge("dogs running", {"dog runs"}, true).rouge_2, 1);
}

TEST(RougeTest, NothingScoresNothing) {
  EXPECT_EQ(Rouge("", {"dog"}).rouge_1, 0);
  EXPECT_EQ(Rouge("dog", {""}).rouge_l, 0);
  EXPECT_EQ(Rouge("dog", {}).rouge_l, 0);
  EXPECT_EQ(Rouge("dog", {"dog"}).rouge_2, 0);  // no pair in one word
}

}  // namespace
}  // namespace milan
