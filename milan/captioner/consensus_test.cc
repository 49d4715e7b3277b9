#include "milan/captioner/consensus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace milan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(ContentWordTableTest, SaysWhatTheTextsWordsMean) {
  const ContentWordTable table({"dogs", "dog", "of", "red", ","});
  EXPECT_EQ(table.WordsOf(std::vector{0}), table.WordsOf(std::vector{1}));
  EXPECT_THAT(table.WordsOf(std::vector{2, 4, 5, 9}), IsEmpty());
  EXPECT_EQ(table.WordsOf(std::vector{3, 2, 0, 1, 3}).size(), 2U);
  EXPECT_TRUE(table.SaysTwice(std::vector{0, 2, 1})) << "dogs of dog";
  EXPECT_FALSE(table.SaysTwice(std::vector{3, 2, 2, 0, 4})) << "red of of dogs";
}

TEST(AgreementTest, IsF1OfTheSets) {
  EXPECT_DOUBLE_EQ(Agreement(std::vector{1, 2, 3}, std::vector{2, 3, 9}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(Agreement(std::vector{1}, std::vector{2}), 0);
  EXPECT_DOUBLE_EQ(Agreement(std::vector<int>{}, std::vector{2}), 0);
}

TEST(ExpectedAgreementTest, PrefersTheTextThatManyProbableTextsShareWordsWith) {
  // The single most probable text shares no word with the others, which agree with one another.
  const std::vector<std::vector<int>> texts = {{7, 8}, {1, 2}, {1, 3}, {1}};
  const std::vector<double> scores = {-1.0, -1.4, -1.4, -1.4};
  const std::vector<double> expected = ExpectedAgreement(texts, scores, 1);
  EXPECT_GT(expected[1], expected[0]);
  EXPECT_GT(expected[3], expected[0]);
  // When it is nearly certain, it is chosen.
  const std::vector<double> certain = ExpectedAgreement(texts, scores, 0.05);
  EXPECT_GT(certain[0], certain[1]);
  EXPECT_NEAR(certain[0], 1, 0.01);
}

TEST(ExpectedAgreementTest, HandlesTextsWithoutContentWordsAndNone) {
  const std::vector<std::vector<int>> texts = {{}, {}};
  EXPECT_THAT(ExpectedAgreement(texts, std::vector{0.0, -1.0}, 1), ElementsAre(0, 0));
  EXPECT_THAT(ExpectedAgreement({}, {}, 1), IsEmpty());
}

}  // namespace
}  // namespace milan
