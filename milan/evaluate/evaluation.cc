#include "milan/evaluate/evaluation.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "milan/base/random.h"
#include "milan/evaluate/bleu.h"
#include "milan/evaluate/content_words.h"
#include "milan/evaluate/embedding_score.h"

namespace milan {
namespace {

/// Texts taken as candidates and as targets of the constant description: enough for a stable mean,
/// few enough to compare each with each.
constexpr size_t kConstantSample = 500;

/// Texts with the references each is scored against.
struct ScoredTexts {
  std::string name;
  std::vector<std::string> predictions;
  std::vector<std::vector<std::string>> references;
};

Interval BleuInterval(const ScoredTexts& texts, const BootstrapOptions& options) {
  std::vector<BleuCounts> counts;
  for (size_t i = 0; i < texts.predictions.size(); ++i) {
    std::vector<std::string> references;
    for (const std::string& text : texts.references[i]) references.push_back(CleanForBleu(text));
    counts.push_back(CountBleu(CleanForBleu(texts.predictions[i]), references));
  }
  const auto bleu = [&counts](std::span<const size_t> items) {
    BleuCounts sum;
    for (const size_t item : items) sum += counts[item];
    return Bleu(sum);
  };
  return Bootstrap(counts.size(), bleu, options);
}

/// Mean over units of score(prediction, references).
template <typename Score>
Interval MeanInterval(const ScoredTexts& texts, Score score, const BootstrapOptions& options) {
  std::vector<double> values;
  for (size_t i = 0; i < texts.predictions.size(); ++i) {
    values.push_back(score(texts.predictions[i], texts.references[i]));
  }
  return BootstrapMean(values, options);
}

EvaluationRow ScoreTexts(const ScoredTexts& texts, const EmbeddingScorer* scorer,
                         const BootstrapOptions& options) {
  using References = std::vector<std::string>;
  EvaluationRow row;
  row.name = texts.name;
  row.units = static_cast<int64_t>(texts.predictions.size());
  row.bleu = BleuInterval(texts, options);
  row.content_word_f1 = MeanInterval(
      texts, [](const std::string& p, const References& r) { return ContentWordF1(p, r); },
      options);
  if (scorer != nullptr) {
    row.embedding_score = MeanInterval(
        texts, [scorer](const std::string& p, const References& r) { return scorer->Score(p, r); },
        options);
  }
  return row;
}

ScoredTexts DescriptionTexts(const EvaluationData& data, size_t set) {
  ScoredTexts texts;
  texts.name = data.names[set];
  for (const EvaluatedUnit& unit : data.units) {
    texts.predictions.push_back(unit.predictions[set]);
    texts.references.push_back(unit.references);
  }
  return texts;
}

ScoredTexts ConstantTexts(const EvaluationData& data, uint64_t seed) {
  ScoredTexts texts{"constant", {}, {}};
  if (data.training_texts.empty()) return texts;
  const std::string constant = ConstantDescription(data.training_texts, seed);
  for (const EvaluatedUnit& unit : data.units) {
    texts.predictions.push_back(constant);
    texts.references.push_back(unit.references);
  }
  return texts;
}

ScoredTexts ShuffledTexts(const EvaluationData& data, uint64_t seed) {
  if (data.names.empty() || data.units.size() < 2) return {"shuffled", {}, {}};
  ScoredTexts texts = DescriptionTexts(data, 0);
  texts.name = "shuffled";
  // One random cycle through all units, so that none keeps its own description.
  const std::vector<size_t> cycle = Random(seed).Permutation(data.units.size());
  for (size_t i = 0; i < cycle.size(); ++i) {
    const size_t next = cycle[(i + 1) % cycle.size()];
    texts.predictions[cycle[i]] = data.units[next].predictions[0];
  }
  return texts;
}

ScoredTexts AnnotatorTexts(const EvaluationData& data) {
  ScoredTexts texts{"annotator", {}, {}};
  for (const EvaluatedUnit& unit : data.units) {
    if (unit.references.size() < 2) continue;
    texts.predictions.push_back(unit.references[1]);
    std::vector<std::string> others = unit.references;
    others.erase(others.begin() + 1);
    texts.references.push_back(std::move(others));
  }
  return texts;
}

std::vector<std::string> AllReferences(const EvaluationData& data) {
  std::vector<std::string> references;
  for (const EvaluatedUnit& unit : data.units) {
    references.insert(references.end(), unit.references.begin(), unit.references.end());
  }
  return references;
}

}  // namespace

std::vector<EvaluationRow> Evaluate(const EvaluationData& data, const EvaluationOptions& options) {
  std::optional<EmbeddingScorer> scorer;
  if (options.vectors != nullptr) scorer.emplace(*options.vectors, AllReferences(data));
  std::vector<ScoredTexts> scored;
  for (size_t set = 0; set < data.names.size(); ++set)
    scored.push_back(DescriptionTexts(data, set));
  scored.push_back(ConstantTexts(data, options.seed));
  scored.push_back(ShuffledTexts(data, options.seed));
  scored.push_back(AnnotatorTexts(data));
  std::vector<EvaluationRow> rows;
  for (const ScoredTexts& texts : scored) {
    if (texts.predictions.empty()) continue;
    rows.push_back(ScoreTexts(texts, scorer ? &*scorer : nullptr, options.bootstrap));
  }
  return rows;
}

std::string ConstantDescription(const std::vector<std::string>& texts, uint64_t seed) {
  std::vector<size_t> sample = Random(seed).Permutation(texts.size());
  sample.resize(std::min(sample.size(), kConstantSample));
  std::vector<std::set<std::string>> words;
  words.reserve(sample.size());
  for (const size_t index : sample) words.push_back(ContentWords(texts[index]));
  std::string best;
  double best_sum = -1;
  for (size_t candidate = 0; candidate < sample.size(); ++candidate) {
    double sum = 0;
    for (const auto& target : words) sum += ContentWordF1(words[candidate], target);
    if (sum > best_sum) {
      best_sum = sum;
      best = texts[sample[candidate]];
    }
  }
  return best;
}

}  // namespace milan
