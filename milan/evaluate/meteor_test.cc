#include "milan/evaluate/meteor.h"

#include <cmath>

#include <gtest/gtest.h>

#include "milan/evaluate/test_word_net.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

class MeteorTest : public ::testing::Test {
 protected:
  double Score(const std::string& prediction, const std::vector<std::string>& references) {
    return MeteorScorer(net_).Score(prediction, references);
  }

  const TemporaryFolder folder_;
  const WordNet net_ = WordNet::Read(WriteSmallWordNet(folder_ / "dict"));
};

// All values by hand from F = 10 P R / (R + 9 P) and the penalty 0.5 (chunks / matches)^3.

TEST_F(MeteorTest, EqualTextsLoseOnlyThePenaltyOfOneChunk) {
  EXPECT_DOUBLE_EQ(Score("the cat sat on the mat", {"The cat sat on the mat."}),
                   1 - 0.5 / std::pow(6, 3));
  EXPECT_DOUBLE_EQ(Score("cat", {"cat"}), 0.5);  // one match is one chunk: the known flaw
}

TEST_F(MeteorTest, AWordTooManyCostsPrecisionAndAChunk) {
  // P = 6/7, R = 1: F = 60/61. "the cat" and "sat on the mat": two chunks of six matches.
  EXPECT_DOUBLE_EQ(Score("the cat was sat on the mat", {"the cat sat on the mat"}),
                   60.0 / 61 * (1 - 0.5 * std::pow(2.0 / 6, 3)));
}

TEST_F(MeteorTest, MatchesAreChosenSoThatChunksStayWhole) {
  // "on the mat", "sat", "the cat": three chunks; the first "the" must not take the one of "the
  // mat".
  EXPECT_DOUBLE_EQ(Score("the cat sat on the mat", {"on the mat sat the cat"}),
                   1 - 0.5 * std::pow(3.0 / 6, 3));
}

TEST_F(MeteorTest, RecallWeighsNineTimesPrecision) {
  const double one_chunk_of_two = 1 - 0.5 * std::pow(1.0 / 2, 3);
  // P = 1, R = 2/4: F = 10 * 0.5 / (0.5 + 9).
  EXPECT_DOUBLE_EQ(Score("red dogs", {"red dogs on grass"}), 5 / 9.5 * one_chunk_of_two);
  // P = 2/4, R = 1: F = 10 * 0.5 / (1 + 4.5).
  EXPECT_DOUBLE_EQ(Score("red dogs on grass", {"red dogs"}), 5 / 5.5 * one_chunk_of_two);
}

TEST_F(MeteorTest, StemsAndSynonymsMatchToo) {
  const double two_in_order = 1 - 0.5 * std::pow(1.0 / 2, 3);
  EXPECT_DOUBLE_EQ(Score("dogs running", {"dog runs"}), two_in_order);
  EXPECT_DOUBLE_EQ(Score("large cars", {"big automobile"}), two_in_order);
  EXPECT_EQ(Score("dog", {"zebra"}), 0);
  // An equal word is taken before a synonym: "automobile" goes to its like, "car" to the other.
  EXPECT_DOUBLE_EQ(Score("car automobile", {"automobile car"}), 1 - 0.5 * std::pow(2.0 / 2, 3));
}

TEST_F(MeteorTest, TheBestReferenceCountsAndPunctuationDoesNot) {
  EXPECT_DOUBLE_EQ(Score("red dogs!", {"blue", "red, dogs", ""}), 1 - 0.5 / 8);
  EXPECT_EQ(Score("", {"dog"}), 0);
  EXPECT_EQ(Score("...", {"..."}), 0);
  EXPECT_EQ(Score("dog", {}), 0);
}

}  // namespace
}  // namespace milan
