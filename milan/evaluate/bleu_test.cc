#include "milan/evaluate/bleu.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::Throws;

std::string Tokens(std::string_view text) {
  return fmt::format("{}", fmt::join(BleuTokens(text), " "));
}

TEST(BleuTokensTest, SplitsPunctuationExceptWithinNumbers) {
  EXPECT_EQ(Tokens("a dog, a cat; and \"b\"."), "a dog , a cat ; and \" b \" .");
  EXPECT_EQ(Tokens("3.5 and 1,000 but a.b"), "3.5 and 1,000 but a . b");
  EXPECT_EQ(Tokens("5-year close-up dog's"), "5 - year close-up dog's");
  EXPECT_EQ(Tokens("a &amp; b &lt;c&gt; &quot;"), "a & b < c > \"");
  EXPECT_EQ(Tokens("  \n"), "");
  EXPECT_EQ(Tokens("caf\xE9, \xFF"), "caf\xE9 , \xFF");
}

TEST(CleanForBleuTest, LowersAndStrips) {
  EXPECT_EQ(CleanForBleu(" . Red Dogs... "), "red dogs");
  EXPECT_EQ(CleanForBleu("U.S. flags"), "u.s. flags");
  EXPECT_EQ(CleanForBleu("..."), "");
}

TEST(BleuTest, IsHundredForEqualTextsAndSmallForOthers) {
  const std::vector<std::string> texts = {"red dogs in the grass", "a white house near water"};
  EXPECT_NEAR(CorpusBleu(texts, std::vector<std::vector<std::string>>{{texts[0]}, {texts[1]}}), 100,
              1e-9);
  EXPECT_LT(CorpusBleu(texts, std::vector<std::vector<std::string>>{{texts[1]}, {texts[0]}}), 15);
  EXPECT_EQ(CorpusBleu({}, {}), 0);
}

TEST(BleuTest, CountsSumToTheCorpus) {
  const BleuCounts one = CountBleu("the the the the", {"the cat sat on the mat", "red"});
  EXPECT_THAT(one.matched, ElementsAre(2, 0, 0, 0));
  EXPECT_THAT(one.total, ElementsAre(4, 3, 2, 1));
  BleuCounts sum = one;
  sum += CountBleu("red", {"red"});
  EXPECT_THAT(sum.matched, ElementsAre(3, 0, 0, 0));
  EXPECT_THAT(sum.total, ElementsAre(5, 3, 2, 1));
  EXPECT_EQ(sum.length, 5);
}

TEST(BleuTest, ReferencesAreRequired) {
  EXPECT_THAT([] { CountBleu("a", {}); }, Throws<Error>());
  EXPECT_THAT([] { CorpusBleu(std::vector<std::string>{"a"}, {}); }, Throws<Error>());
}

class SacreBleuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    MILAN_NEEDS_SHARED_DATA();
    metrics_ = ReadJson(SharedData("parity/metrics/metrics.json"));
    for (const Json &sample : metrics_.at("samples")) {
      predictions_.push_back(CleanForBleu(sample.at("prediction").get<std::string>()));
      references_.emplace_back();
      for (const Json &reference : sample.at("references")) {
        references_.back().push_back(CleanForBleu(reference.get<std::string>()));
      }
    }
  }

  Json metrics_;
  std::vector<std::string> predictions_;
  std::vector<std::vector<std::string>> references_;
};

TEST_F(SacreBleuTest, CorpusAgrees) {
  EXPECT_NEAR(CorpusBleu(predictions_, references_), metrics_.at("bleu_reference_all").at("score"),
              1e-9);
}

TEST_F(SacreBleuTest, EverySampleAgrees) {
  const Json &samples = metrics_.at("per_sample");
  ASSERT_EQ(samples.size(), predictions_.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    const Json &expected = samples[i].at("corpus_bleu_of_one");
    const BleuCounts counts = CountBleu(predictions_[i], references_[i]);
    EXPECT_EQ(predictions_[i], samples[i].at("prediction_normalised").get<std::string>());
    EXPECT_EQ(Tokens(predictions_[i]), samples[i].at("tokens_13a").get<std::string>());
    EXPECT_EQ(Json(counts.matched), expected.at("counts")) << predictions_[i];
    EXPECT_EQ(Json(counts.total), expected.at("totals")) << predictions_[i];
    EXPECT_EQ(counts.length, expected.at("sys_len")) << predictions_[i];
    EXPECT_EQ(counts.reference_length, expected.at("ref_len")) << predictions_[i];
    EXPECT_NEAR(Bleu(counts), expected.at("score"), 1e-9) << predictions_[i];
    EXPECT_NEAR(SentenceBleu(predictions_[i], references_[i]),
                samples[i].at("sentence_bleu_effective_order"), 1e-9)
        << predictions_[i];
  }
}

// With one reference too few in one sample the reference implementation drops
// the others of all samples; this alone explains the difference to ours.
TEST_F(SacreBleuTest, UnequalNumbersOfReferencesAreAllUsed) {
  const Json &ragged = metrics_.at("bleu_ragged");
  references_.at(20).resize(1);
  EXPECT_NEAR(CorpusBleu(predictions_, references_),
              ragged.at("all_available_references").at("score"), 1e-9);
  for (std::vector<std::string> &references : references_) references.resize(1);
  EXPECT_NEAR(CorpusBleu(predictions_, references_), ragged.at("reference_result").at("score"),
              1e-9);
}

}  // namespace
}  // namespace milan
