#include "milan/evaluate/bert_score.h"

#include <cmath>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

namespace milan {
namespace {

/// Words with vectors in the plane, between two marks that point up.
EncodedText EncodeInPlane(const std::string& text) {
  static const std::map<std::string, std::vector<float>> kVectors = {{"right", {2, 0}},
                                                                     {"up", {0, 1}},
                                                                     {"high", {0.6F, 0.8F}},
                                                                     {"low", {0.8F, 0.6F}},
                                                                     {"left", {-1, 0}}};
  EncodedText encoded;
  const auto add = [&](int64_t id, const std::vector<float>& vector) {
    encoded.ids.push_back(id);
    encoded.vectors.values.insert(encoded.vectors.values.end(), vector.begin(), vector.end());
  };
  add(100, {0, 3});
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto found = kVectors.find(word);
    add(std::distance(kVectors.begin(), found), found->second);
  }
  add(101, {0, 1});
  encoded.vectors.shape = {static_cast<int64_t>(encoded.ids.size()), 2};
  return encoded;
}

class BertScoreTest : public ::testing::Test {
 protected:
  double Score(const std::string& prediction, const std::vector<std::string>& references) {
    return BertScorer(EncodeInPlane, corpus_).Score(prediction, references);
  }
  // idf: right ln(3/3) = 0, high and low ln(3/2), others ln(3/1).
  const std::vector<std::string> corpus_ = {"right high", "right low right"};
};

TEST_F(BertScoreTest, IsTheCosineOfTheNearestTokens) {
  // high and low: 0.6 * 0.8 + 0.8 * 0.6; the marks are no nearer (0.8 and 0.6).
  EXPECT_NEAR(Score("high", {"low"}), 0.96, 1e-6);
  EXPECT_NEAR(Score("high", {"high"}), 1, 1e-6);
  EXPECT_NEAR(Score("high", {"left", "low"}), 0.96, 1e-6);  // the best reference
}

TEST_F(BertScoreTest, MarksCanBeMatchedButWeighNothing) {
  // P: "up" points as the marks do, 1. R: "low" against a mark or "up", 0.6.
  EXPECT_NEAR(Score("up", {"low"}), 2 * 1 * 0.6 / 1.6, 1e-6);
}

TEST_F(BertScoreTest, WeighsTokensByTheirRarity) {
  // P: high 0.96 with weight ln(3/2), up 1 with weight ln 3. R: only low counts, "right" is in
  // every reference.
  const double high = std::log(1.5);
  const double up = std::log(3.0);
  const double precision = (high * 0.96 + up * 1) / (high + up);
  EXPECT_NEAR(Score("high up", {"right low"}), 2 * precision * 0.96 / (precision + 0.96), 1e-6);
}

TEST_F(BertScoreTest, OppositeTextsScoreNoMoreThanAlikeOnes) {
  // P: left against right -1, against a mark 0: 0. R: "low" against left -0.8, a mark 0.6.
  EXPECT_NEAR(Score("left", {"low"}), 0, 1e-6);
  EXPECT_LE(Score("left", {"right high"}), Score("high", {"right high"}));
}

TEST_F(BertScoreTest, EmptyTextsScoreZero) {
  EXPECT_EQ(Score("", {"high"}), 0);
  EXPECT_EQ(Score("high", {""}), 0);
  EXPECT_EQ(Score("high", {}), 0);
}

TEST_F(BertScoreTest, EachTextIsEncodedOnce) {
  std::map<std::string, int> seen;
  BertScorer scorer(
      [&](const std::string& text) {
        ++seen[text];
        return EncodeInPlane(text);
      },
      {"high", "low", "high"});
  for (int i = 0; i < 3; ++i) scorer.Score("up", {"high", "low"});
  EXPECT_EQ(seen, (std::map<std::string, int>{{"high", 1}, {"low", 1}, {"up", 1}}));
}

}  // namespace
}  // namespace milan
