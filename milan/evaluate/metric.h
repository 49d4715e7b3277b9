#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "milan/evaluate/bert_score.h"
#include "milan/evaluate/evaluation_data.h"
#include "milan/evaluate/word_net.h"
#include "milan/evaluate/word_vectors.h"

namespace milan {

/// A metric that scores one text against the references of a unit; of a set of texts it is the
/// mean.
struct TextMetric {
  std::string column;  ///< "rouge_1": in CSV and JSON.
  std::string title;   ///< "ROUGE-1": in tables.
  /// Not thread-safe.
  std::function<double(const std::string& prediction, const std::vector<std::string>& references)>
      score;
};

/// What metrics are made of besides the texts. Without a resource its metric is left out.
struct MetricResources {
  const WordVectors* vectors = nullptr;  ///< Not owned. Embedding score.
  const WordNet* word_net = nullptr;     ///< Not owned. METEOR.
  TextEncoder encoder;                   ///< BERTScore.
  bool rouge_stemming = false;
};

/// ROUGE-1, -2 and -L, then METEOR, BERTScore, embedding score as resources allow, then
/// content-word F1. Idf weights are of all references in `data`.
std::vector<TextMetric> MakeMetrics(const EvaluationData& data, const MetricResources& resources);

/// The metric that best tells how near two texts are in meaning: BERTScore, else the embedding
/// score, else content-word F1. REQUIRES: `metrics` as MakeMetrics gives them.
const TextMetric& NearnessMetric(const std::vector<TextMetric>& metrics);

/// What unrelated texts score: the mean of `metric` over random pairs of texts that annotators
/// wrote for two different units. Reproducible for a seed. 0 when there are fewer than two units.
double RandomPairBaseline(const TextMetric& metric, const EvaluationData& data, uint64_t seed);

/// (score - baseline) / (1 - baseline): about 0 for unrelated texts and 1 for equal ones.
/// Throws kUsage unless baseline < 1.
TextMetric Rescaled(TextMetric metric, double baseline);

}  // namespace milan
