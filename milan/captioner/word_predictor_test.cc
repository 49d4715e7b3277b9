#include "milan/captioner/word_predictor.h"

#include <algorithm>
#include <memory>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/captioner/captioner.h"
#include "milan/captioner/set_decoder.h"

namespace milan {
namespace {

constexpr int64_t kLearntUnits = 120;
constexpr int64_t kUnitExemplars = 4;

/// Units whose first feature is high are red ones, the others are blue; the second feature tells
/// dogs from stripes; the third is noise.
class WordPrediction : public testing::Test {
 protected:
  WordPrediction() {
    torch::manual_seed(5);
    features_ = torch::rand({kLearntUnits, kUnitExemplars, 3});
    std::vector<std::vector<std::string>> texts;
    for (int64_t unit = 0; unit < kLearntUnits; ++unit) {
      if (unit % 2 == 0) features_[unit].select(1, 0) += 3;
      if (unit % 3 == 0) features_[unit].select(1, 1) += 3;
      const std::string colour = unit % 2 == 0 ? "red" : "blue";
      texts.push_back({colour + (unit % 3 == 0 ? " dogs" : " stripes"), "a " + colour + " thing"});
    }
    texts[0].push_back("a zebra");
    for (const size_t unit : {0, 1}) texts[unit].push_back("two");
    for (const size_t unit : {0, 1, 2}) texts[unit].push_back("three");
    predictor_ = LearnWords(features_, texts);
  }

  double Fit(int64_t unit, const std::vector<std::string>& text) {
    const torch::Tensor row = predictor_->Predict(features_.narrow(0, unit, 1)).contiguous();
    std::vector<int> said;
    const std::vector<std::string>& words = predictor_->words();
    for (const std::string& word : text) {
      const auto found = std::find(words.begin(), words.end(), word);
      if (found == words.end()) throw std::out_of_range(word);
      said.push_back(static_cast<int>(found - words.begin()));
    }
    return predictor_->Agreement({row.data_ptr<float>(), words.size()}, said);
  }

  torch::Tensor features_;
  WordPredictor predictor_{nullptr};
};

TEST_F(WordPrediction, KnowsContentWordsSaidOfSeveralUnits) {
  EXPECT_THAT(predictor_->words(),
              testing::ElementsAre("blue", "dog", "red", "stripe", "thing", "three"));
}

TEST_F(WordPrediction, PrefersTheTextThatFits) {
  EXPECT_GT(Fit(0, {"red", "dog"}), 0.6);
  EXPECT_GT(Fit(0, {"red", "dog"}), Fit(0, {"red", "stripe"}));
  EXPECT_GT(Fit(0, {"red", "stripe"}), Fit(0, {"blue", "stripe"}));
  EXPECT_GT(Fit(1, {"blue", "stripe"}), Fit(1, {"blue", "dog"}));
}

TEST_F(WordPrediction, CountsNothingOfATextWithoutKnownWords) { EXPECT_EQ(Fit(0, {}), 0); }

TEST_F(WordPrediction, DoesNotCountAWordThatIsSaidOfAllUnits) {
  EXPECT_NEAR(Fit(0, {"red", "thing"}), Fit(0, {"red"}), 1e-6);
}

TEST_F(WordPrediction, OfAUnitDoesNotDependOnTheUnitsBesideIt) {
  const torch::Tensor all = predictor_->Predict(features_);
  const torch::Tensor one = predictor_->Predict(features_.narrow(0, 7, 1));
  EXPECT_LT((all[7] - one[0]).abs().max().item<double>(), 1e-6);
  EXPECT_NEAR(one.norm().item<double>(), 1, 1e-5);
}

std::vector<std::vector<std::string>> SameTexts(size_t units, const std::string& text) {
  return std::vector<std::vector<std::string>>(units, {text});
}

TEST(LearnWordsTest, LearnsNothingFromTextsThatShareNoWordOrFromFew) {
  std::vector<std::vector<std::string>> different;
  for (int i = 0; i < 100; ++i) different.push_back({"word" + std::to_string(i)});
  EXPECT_TRUE(LearnWords(torch::rand({100, 3, 4}), different).is_empty());
  EXPECT_TRUE(LearnWords(torch::rand({99, 3, 4}), SameTexts(99, "red")).is_empty());
  EXPECT_FALSE(LearnWords(torch::rand({100, 3, 4}), SameTexts(100, "red")).is_empty());
}

TEST(LearnWordsTest, BearsFeaturesThatAreTheSameEverywhere) {
  auto texts = SameTexts(100, "red");
  texts.insert(texts.end(), 10, {"blue"});
  const WordPredictor predictor = LearnWords(torch::ones({110, 3, 2}), texts);
  EXPECT_TRUE(predictor->Predict(torch::ones({1, 3, 2})).isfinite().all().item<bool>());
}

TEST(ConsensusWithWordsTest, TakesTheTextThatSaysThePredictedWords) {
  torch::manual_seed(3);
  const Vocabulary vocabulary = Vocabulary::FromTokens({"red", "blue", "dogs", "of"});
  const auto decoder = std::make_shared<SetDecoderImpl>(SetDecoderSizes{
      .vocabulary = vocabulary.size(), .features = 2, .hidden = 12, .width = 16, .heads = 2});
  const LanguageModel language_model(LanguageModelSizes{vocabulary.size(), vocabulary.pad(), 8, 8},
                                     0.0);
  // "cat" is a word that the vocabulary cannot say.
  WordPredictor words(std::vector<std::string>{"cat", "dog", "red"}, 2);
  words->weights[0][0] = words->weights[0][1] = 1;
  words->weights[1][2] = 1;
  const Captioner captioner(vocabulary, decoder, language_model, words);
  const torch::Tensor features = torch::tensor({{{4.0, 0.0}}, {{0.0, 4.0}}}, torch::kFloat);
  const SearchOptions options = {.beam_size = 500, .length = 2, .criterion = Criterion::kConsensus};
  const auto results = captioner.Rerank(features, options);
  // "blue" is none of the predictor's words, so it neither helps nor harms.
  EXPECT_THAT(captioner.Text(results[0][0]),
              testing::AllOf(testing::HasSubstr("dogs"), testing::Not(testing::HasSubstr("red"))));
  EXPECT_THAT(captioner.Text(results[1][0]),
              testing::AllOf(testing::HasSubstr("red"), testing::Not(testing::HasSubstr("dogs"))));
  for (const auto& candidates : results) {
    const auto says_twice = [&](const Candidate& candidate) {
      const std::string text = captioner.Text(candidate);
      return text == "dogs dogs" || text == "red red" || text == "blue blue";
    };
    EXPECT_TRUE(std::is_partitioned(candidates.rbegin(), candidates.rend(), says_twice))
        << "a text that says a word twice comes after all others";
    EXPECT_TRUE(std::any_of(candidates.begin(), candidates.end(), says_twice));
  }
}

}  // namespace
}  // namespace milan
