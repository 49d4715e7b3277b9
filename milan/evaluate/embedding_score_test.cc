#include "milan/evaluate/embedding_score.h"

#include <cmath>

#include <gtest/gtest.h>

namespace milan {
namespace {

class EmbeddingScoreTest : public ::testing::Test {
 protected:
  static constexpr double kCosine = 0.6;

  double Score(const std::string& prediction, const std::vector<std::string>& references) const {
    return EmbeddingScorer(vectors_, corpus_).Score(prediction, references);
  }

  // The mean of the rows is zero, so that they stay as they are; dog and cat have cosine 0.6.
  const WordVectors vectors_{{"dog", "cat", "a", "b"},
                             {{4, 2}, {1, 0, 0.6F, 0.8F, -1, 0, -0.6F, -0.8F}}};
  const std::vector<std::string> corpus_ = {"the dog", "the cat", "the zebra"};
};

TEST_F(EmbeddingScoreTest, IsOneForEqualTextsAndZeroForUnrelatedOnes) {
  EXPECT_NEAR(Score("the dog", {"the dog"}), 1, 1e-6);
  EXPECT_NEAR(Score("zebra", {"zebra"}), 1, 1e-6);  // also for words without a vector
  EXPECT_EQ(Score("zebra", {"dog"}), 0);
  EXPECT_EQ(Score("dog", {"a"}), 0);  // opposite
  EXPECT_EQ(Score("", {"dog"}), 0);
  EXPECT_EQ(Score("dog", {""}), 0);
  EXPECT_EQ(Score("dog", {}), 0);
}

TEST_F(EmbeddingScoreTest, UsesTheCosineOfSimilarWords) {
  EXPECT_NEAR(Score("dog", {"cat"}), kCosine, 1e-6);
  EXPECT_NEAR(Score("dog", {"zebra", "cat"}), kCosine, 1e-6);  // the best reference counts
}

TEST_F(EmbeddingScoreTest, WeighsWordsByHowRareTheyAre) {
  // "the" is in every reference and weighs nothing: ln(4 / 4).
  EXPECT_NEAR(Score("the dog", {"the cat"}), kCosine, 1e-6);
  EXPECT_NEAR(Score("the", {"the"}), 1, 1e-6);
  // Precision of (dog, wheel) against dog: ln(4/2) of ln(4/2) + ln(4/1).
  const double precision = std::log(2) / (std::log(2) + std::log(4));
  EXPECT_NEAR(Score("dog wheel", {"dog"}), 2 * precision / (precision + 1), 1e-6);
}

}  // namespace
}  // namespace milan
