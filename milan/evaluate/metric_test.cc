#include "milan/evaluate/metric.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/evaluate/bleu.h"
#include "milan/evaluate/test_word_net.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Property;
using ::testing::Throws;

std::vector<std::string> SplitWords(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

std::string JoinWords(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// A vector of its own for every word, the same in every text.
EncodedText EncodeWords(const std::string& text) {
  EncodedText encoded;
  std::vector<std::string> tokens = SplitWords(text);
  tokens.insert(tokens.begin(), "[CLS]");
  tokens.emplace_back("[SEP]");
  for (const std::string& token : tokens) {
    const size_t hash = std::hash<std::string>()(token);
    encoded.ids.push_back(static_cast<int64_t>(hash));
    for (size_t bit = 0; bit < 32; ++bit) {
      encoded.vectors.values.push_back((hash >> bit) % 2 == 0 ? 1.0F : -1.0F);
    }
  }
  encoded.vectors.shape = {static_cast<int64_t>(tokens.size()), 32};
  return encoded;
}

/// What every metric must do, whatever it measures. A metric that fails here rewards the wrong
/// thing.
class MetricSanityTest : public ::testing::Test {
 protected:
  MetricSanityTest() {
    for (const std::string& text : references_) data_.units.push_back({"conv", 0, {}, {text}, ""});
    metrics_ = MakeMetrics(data_, {&vectors_, &net_, EncodeWords, false});
    metrics_.push_back({"bleu", "BLEU", [](const std::string& text, const auto& references) {
                          return SentenceBleu(text, references) / 100;
                        }});
  }

  const TemporaryFolder folder_;
  const WordNet net_ = WordNet::Read(WriteSmallWordNet(folder_ / "dict"));
  const WordVectors vectors_{{"red", "dog", "car", "grass"},
                             {{4, 2}, {1, 0, 0.6F, 0.8F, -1, 0, -0.6F, -0.8F}}};
  const std::vector<std::string> references_ = {"red dog faces on green grass",
                                                "wheels of a big car", "white text on dark signs",
                                                "small round windows of tall houses"};
  EvaluationData data_;
  std::vector<TextMetric> metrics_;
};

TEST_F(MetricSanityTest, ResourcesDecideWhatIsMeasured) {
  const auto column = [](const char* name) { return Field(&TextMetric::column, name); };
  EXPECT_THAT(MakeMetrics(data_, {}), ElementsAre(column("rouge_1"), column("rouge_2"),
                                                  column("rouge_l"), column("content_word_f1")));
  EXPECT_THAT(
      MakeMetrics(data_, {&vectors_, &net_, EncodeWords, true}),
      ElementsAre(column("rouge_1"), column("rouge_2"), column("rouge_l"), column("meteor"),
                  column("bert_score"), column("embedding_score"), column("content_word_f1")));
  EXPECT_EQ(NearnessMetric(MakeMetrics(data_, {})).column, "content_word_f1");
  EXPECT_EQ(NearnessMetric(MakeMetrics(data_, {&vectors_, nullptr, {}, false})).column,
            "embedding_score");
  EXPECT_EQ(NearnessMetric(metrics_).column, "bert_score");
}

TEST_F(MetricSanityTest, NothingBeatsTheReferenceItself) {
  for (const TextMetric& metric : metrics_) {
    for (const std::string& reference : references_) {
      const double perfect = metric.score(reference, {reference});
      for (const std::string& other : references_) {
        if (other != reference) {
          EXPECT_LT(metric.score(other, {reference}), perfect) << metric.title;
        }
      }
    }
  }
}

TEST_F(MetricSanityTest, DroppingARightWordNeverHelps) {
  for (const TextMetric& metric : metrics_) {
    for (const std::string& reference : references_) {
      const double perfect = metric.score(reference, {reference});
      const std::vector<std::string> words = SplitWords(reference);
      for (size_t i = 0; i < words.size(); ++i) {
        std::vector<std::string> fewer = words;
        fewer.erase(fewer.begin() + static_cast<int64_t>(i));
        EXPECT_LE(metric.score(JoinWords(fewer), {reference}), perfect + 1e-6)
            << metric.title << ": " << JoinWords(fewer);
      }
    }
  }
}

TEST_F(MetricSanityTest, EveryFurtherRightWordHelpsOrDoesNoHarm) {
  for (const TextMetric& metric : metrics_) {
    for (const std::string& reference : references_) {
      std::vector<std::string> words;
      double before = 0;
      for (const std::string& word : SplitWords(reference)) {
        words.push_back(word);
        const double now = metric.score(JoinWords(words), {reference});
        // Contextual vectors of fewer words may lie near a mark by chance: not for BERTScore.
        if (metric.column != "bert_score") {
          EXPECT_GE(now, before - 1e-9) << metric.title << ": " << JoinWords(words);
        }
        before = now;
      }
    }
  }
}

TEST_F(MetricSanityTest, SayingTheRightWordsTwiceNeverHelps) {
  for (const TextMetric& metric : metrics_) {
    for (const std::string& reference : references_) {
      const double once = metric.score(reference, {reference});
      EXPECT_LE(metric.score(reference + " " + reference, {reference}), once + 1e-6)
          << metric.title;
    }
  }
}

TEST_F(MetricSanityTest, WrongWordsBesideTheRightOnesDoHarm) {
  for (const TextMetric& metric : metrics_) {
    for (const std::string& reference : references_) {
      const double right = metric.score(reference, {reference});
      EXPECT_LT(metric.score(reference + " purple zebra stripes", {reference}), right)
          << metric.title;
    }
  }
}

TEST_F(MetricSanityTest, AMoreFittingReferenceNeverHurts) {
  for (const TextMetric& metric : metrics_) {
    const double alone = metric.score("red dog faces", {references_[1]});
    EXPECT_GE(metric.score("red dog faces", {references_[1], references_[0]}), alone)
        << metric.title;
  }
}

TEST_F(MetricSanityTest, RescalingPutsUnrelatedTextsAtZeroAndEqualOnesAtOne) {
  const TextMetric& metric = NearnessMetric(metrics_);
  const double baseline = RandomPairBaseline(metric, data_, 1);
  EXPECT_EQ(baseline, RandomPairBaseline(metric, data_, 1));
  EXPECT_GT(baseline, 0);
  EXPECT_LT(baseline, 1);
  const TextMetric rescaled = Rescaled(metric, baseline);
  EXPECT_EQ(rescaled.column, "bert_score");
  EXPECT_NEAR(rescaled.score(references_[0], {references_[0]}), 1, 1e-6);
  EXPECT_NEAR(RandomPairBaseline(rescaled, data_, 1), 0, 1e-9);
  const double score = metric.score("red dog", {references_[0]});
  EXPECT_DOUBLE_EQ(rescaled.score("red dog", {references_[0]}),
                   (score - baseline) / (1 - baseline));
  EXPECT_THAT([&] { Rescaled(metric, 1); },
              Throws<Error>(Property(&Error::kind, ErrorKind::kUsage)));
}

}  // namespace
}  // namespace milan
