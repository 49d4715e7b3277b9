#include "milan/evaluate/metric.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "milan/evaluate/content_words.h"
#include "milan/evaluate/embedding_score.h"
#include "milan/evaluate/meteor.h"
#include "milan/evaluate/rouge.h"

namespace milan {
namespace {

using Texts = std::vector<std::string>;

constexpr const char* kBertScore = "bert_score";
constexpr const char* kEmbeddingScore = "embedding_score";
constexpr const char* kContentWordF1 = "content_word_f1";

/// Enough that the mean of pairs is known to a percent or so.
constexpr int kBaselinePairs = 2000;

Texts AllReferences(const EvaluationData& data) {
  Texts references;
  for (const EvaluatedUnit& unit : data.units) {
    references.insert(references.end(), unit.references.begin(), unit.references.end());
  }
  return references;
}

TextMetric RougeMetric(const char* column, const char* title, double RougeScores::*score,
                       bool stemming) {
  return {column, title, [score, stemming](const std::string& text, const Texts& references) {
            return Rouge(text, references, stemming).*score;
          }};
}

/// Remembers the words of each text: ranking units compares the same texts again and again.
class ContentWordScorer {
 public:
  double Score(const std::string& prediction, const Texts& references) {
    const std::set<std::string>& words = WordsOf(prediction);
    double best = 0;
    for (const std::string& reference : references) {
      best = std::max(best, ContentWordF1(words, WordsOf(reference)));
    }
    return best;
  }

 private:
  const std::set<std::string>& WordsOf(const std::string& text) {
    const auto [found, is_new] = words_of_.try_emplace(text);
    if (is_new) found->second = ContentWords(text);
    return found->second;
  }
  std::map<std::string, std::set<std::string>> words_of_;
};

template <typename Scorer>
TextMetric MetricOf(const char* column, const char* title, std::shared_ptr<Scorer> scorer) {
  return {column, title,
          [scorer = std::move(scorer)](const std::string& text, const Texts& references) {
            return scorer->Score(text, references);
          }};
}

}  // namespace

std::vector<TextMetric> MakeMetrics(const EvaluationData& data, const MetricResources& resources) {
  const bool stemming = resources.rouge_stemming;
  std::vector<TextMetric> metrics = {
      RougeMetric("rouge_1", "ROUGE-1", &RougeScores::rouge_1, stemming),
      RougeMetric("rouge_2", "ROUGE-2", &RougeScores::rouge_2, stemming),
      RougeMetric("rouge_l", "ROUGE-L", &RougeScores::rouge_l, stemming)};
  if (resources.word_net != nullptr) {
    metrics.push_back(
        MetricOf("meteor", "METEOR", std::make_shared<MeteorScorer>(*resources.word_net)));
  }
  const Texts references = AllReferences(data);
  if (resources.encoder) {
    metrics.push_back(MetricOf(kBertScore, "BERTScore",
                               std::make_shared<BertScorer>(resources.encoder, references)));
  }
  if (resources.vectors != nullptr) {
    metrics.push_back(MetricOf(kEmbeddingScore, "embedding score",
                               std::make_shared<EmbeddingScorer>(*resources.vectors, references)));
  }
  metrics.push_back(
      MetricOf(kContentWordF1, "content-word F1", std::make_shared<ContentWordScorer>()));
  return metrics;
}

const TextMetric& NearnessMetric(const std::vector<TextMetric>& metrics) {
  for (const char* column : {kBertScore, kEmbeddingScore, kContentWordF1}) {
    const auto found = std::find_if(metrics.begin(), metrics.end(), [&](const TextMetric& metric) {
      return metric.column == column;
    });
    if (found != metrics.end()) return *found;
  }
  MILAN_CHECK(false, "metrics without content-word F1");
  return metrics.front();
}

double RandomPairBaseline(const TextMetric& metric, const EvaluationData& data, uint64_t seed) {
  const size_t count = data.units.size();
  if (count < 2) return 0;
  Random random(seed);
  const auto any_text = [&](size_t unit) -> const std::string& {
    const Texts& texts = data.units[unit].references;
    return texts[random.Below(texts.size())];
  };
  double sum = 0;
  for (int pair = 0; pair < kBaselinePairs; ++pair) {
    const size_t one = random.Below(count);
    const size_t other = (one + 1 + random.Below(count - 1)) % count;
    sum += metric.score(any_text(one), {any_text(other)});
  }
  return sum / kBaselinePairs;
}

TextMetric Rescaled(TextMetric metric, double baseline) {
  if (!(std::isfinite(baseline) && baseline < 1)) {
    throw UsageError("--baseline must be below 1: what unrelated texts score on average");
  }
  metric.score = [score = std::move(metric.score), baseline](const std::string& text,
                                                             const Texts& references) {
    return (score(text, references) - baseline) / (1 - baseline);
  };
  return metric;
}

}  // namespace milan
