#include "milan/evaluate/evaluation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "milan/base/random.h"
#include "milan/evaluate/bleu.h"
#include "milan/evaluate/content_words.h"
#include "milan/evaluate/unit_retrieval.h"

namespace milan {
namespace {

/// Texts taken as candidates and as targets of the constant description: enough for a stable mean,
/// few enough to compare each with each.
constexpr size_t kConstantSample = 500;

/// Texts with the units they were given to and the references each is scored against.
struct ScoredTexts {
  std::string name;
  std::vector<Query> items;
};

/// What each text scores, before anything is averaged.
struct ItemScores {
  std::vector<BleuCounts> bleu;
  std::vector<std::vector<double>> metrics;  ///< [metric][item]
  std::vector<RetrievedUnit> retrieved;
};

/// Some of a ScoredTexts' items: those of one row.
struct Group {
  std::string certainty;
  std::vector<size_t> items;
};

ScoredTexts DescriptionTexts(const EvaluationData& data, size_t set) {
  ScoredTexts texts{data.names[set], {}};
  for (size_t unit = 0; unit < data.units.size(); ++unit) {
    texts.items.push_back({data.units[unit].predictions[set], unit, data.units[unit].references});
  }
  return texts;
}

ScoredTexts ConstantTexts(const EvaluationData& data, const std::string& name,
                          const std::string& constant) {
  ScoredTexts texts{name, {}};
  for (size_t unit = 0; unit < data.units.size(); ++unit) {
    texts.items.push_back({constant, unit, data.units[unit].references});
  }
  return texts;
}

ScoredTexts ShuffledTexts(const EvaluationData& data, uint64_t seed) {
  if (data.names.empty() || data.units.size() < 2) return {"shuffled", {}};
  ScoredTexts texts = DescriptionTexts(data, 0);
  texts.name = "shuffled";
  // One random cycle through all units, so that none keeps its own description.
  const std::vector<size_t> cycle = Random(seed).Permutation(data.units.size());
  for (size_t i = 0; i < cycle.size(); ++i) {
    const size_t next = cycle[(i + 1) % cycle.size()];
    texts.items[cycle[i]].text = data.units[next].predictions[0];
  }
  return texts;
}

ScoredTexts AnnotatorTexts(const EvaluationData& data) {
  ScoredTexts texts{"annotator", {}};
  for (size_t unit = 0; unit < data.units.size(); ++unit) {
    std::vector<std::string> others = data.units[unit].references;
    if (others.size() < 2) continue;
    std::string text = std::move(others[1]);
    others.erase(others.begin() + 1);
    texts.items.push_back({std::move(text), unit, std::move(others)});
  }
  return texts;
}

std::vector<ScoredTexts> AllTexts(const EvaluationData& data, const EvaluationOptions& options) {
  std::vector<ScoredTexts> all;
  for (size_t set = 0; set < data.names.size(); ++set) all.push_back(DescriptionTexts(data, set));
  if (!data.training_texts.empty()) {
    all.push_back(
        ConstantTexts(data, "constant", ConstantDescription(data.training_texts, options.seed)));
  }
  for (const std::string& text : options.constants) {
    all.push_back(ConstantTexts(data, "constant: " + text, text));
  }
  all.push_back(ShuffledTexts(data, options.seed));
  all.push_back(AnnotatorTexts(data));
  return all;
}

BleuCounts BleuCountsOf(const Query& item) {
  std::vector<std::string> references;
  for (const std::string& text : item.references) references.push_back(CleanForBleu(text));
  return CountBleu(CleanForBleu(item.text), references);
}

ItemScores ScoreItems(const ScoredTexts& texts, const std::vector<TextMetric>& metrics,
                      std::span<const std::vector<std::string>> pool,
                      const EvaluationOptions& options) {
  ItemScores scores;
  for (const Query& item : texts.items) scores.bleu.push_back(BleuCountsOf(item));
  for (const TextMetric& metric : metrics) {
    std::vector<double>& values = scores.metrics.emplace_back();
    for (const Query& item : texts.items) {
      values.push_back(metric.score(item.text, item.references));
    }
  }
  scores.retrieved = RetrieveUnits(texts.items, pool, NearnessMetric(metrics).score,
                                   {options.seed, options.retrieval_candidates});
  return scores;
}

/// Statistic over some of the group's items, resampled.
template <typename Statistic>
Interval IntervalOver(const Group& group, const Statistic& statistic,
                      const BootstrapOptions& options) {
  return Bootstrap(
      group.items.size(),
      [&](std::span<const size_t> places) { return statistic(group.items, places); }, options);
}

/// Mean of value(item).
template <typename Value>
Interval MeanOver(const Group& group, const Value& value, const BootstrapOptions& options) {
  const auto mean = [&](const std::vector<size_t>& items, std::span<const size_t> places) {
    double sum = 0;
    for (const size_t place : places) sum += value(items[place]);
    return sum / static_cast<double>(places.size());
  };
  return IntervalOver(group, mean, options);
}

std::vector<Score> Agreement(const Group& group, const ItemScores& scores,
                             const std::vector<TextMetric>& metrics,
                             const BootstrapOptions& options) {
  const auto bleu = [&](const std::vector<size_t>& items, std::span<const size_t> places) {
    BleuCounts sum;
    for (const size_t place : places) sum += scores.bleu[items[place]];
    return Bleu(sum);
  };
  std::vector<Score> agreement = {{"bleu", "BLEU", IntervalOver(group, bleu, options), 1}};
  for (size_t i = 0; i < metrics.size(); ++i) {
    const auto value = [&](size_t item) { return scores.metrics[i][item]; };
    agreement.push_back({metrics[i].column, metrics[i].title, MeanOver(group, value, options)});
  }
  return agreement;
}

std::vector<Score> Distinction(const Group& group, const ItemScores& scores,
                               const Distinctness& repeated, size_t candidates,
                               const BootstrapOptions& options) {
  const double share = repeated.DistinctShare();
  const double bits = repeated.entropy;
  const auto rank = [&](size_t item) { return scores.retrieved[item].reciprocal_rank; };
  const auto first = [&](size_t item) { return scores.retrieved[item].is_first; };
  return {
      {"distinct", "distinct", {share, share, share}, 3, false},
      {"entropy_bits", "entropy (bits)", {bits, bits, bits}, 2, false},
      {"retrieval_mrr", fmt::format("MRR of {}", candidates), MeanOver(group, rank, options)},
      {"retrieval_top1", fmt::format("top-1 of {}", candidates), MeanOver(group, first, options)}};
}

/// All items, or those of each certainty that annotators stated.
std::vector<Group> GroupsOf(const ScoredTexts& texts, const EvaluationData& data,
                            bool by_certainty) {
  std::map<std::string, Group> groups;
  for (size_t item = 0; item < texts.items.size(); ++item) {
    const std::string& certainty = data.units[texts.items[item].unit].certainty;
    if (by_certainty && certainty.empty()) continue;
    Group& group = groups[by_certainty ? certainty : ""];
    group.items.push_back(item);
  }
  std::vector<Group> result;
  for (auto& [certainty, group] : groups) {
    group.certainty = certainty;
    result.push_back(std::move(group));
  }
  return result;
}

EvaluationRow RowOf(const ScoredTexts& texts, const Group& group) {
  EvaluationRow row;
  row.name = texts.name;
  row.certainty = group.certainty;
  row.units = static_cast<int64_t>(group.items.size());
  std::vector<std::string> given;
  for (const size_t item : group.items) given.push_back(texts.items[item].text);
  row.repeated = CountDistinct(given);
  return row;
}

/// 0, 1, 2 for clear, partly, unclear; 3 for others.
size_t OrderOf(const std::string& certainty) {
  static constexpr std::array<std::string_view, 3> kKnown = {"clear", "partly", "unclear"};
  return static_cast<size_t>(std::find(kKnown.begin(), kKnown.end(), certainty) - kKnown.begin());
}

}  // namespace

const Score* EvaluationRow::Find(std::string_view column) const {
  for (const std::vector<Score>* list : {&agreement, &distinction}) {
    for (const Score& score : *list) {
      if (score.column == column) return &score;
    }
  }
  return nullptr;
}

std::vector<EvaluationRow> Evaluate(const EvaluationData& data,
                                    const std::vector<TextMetric>& metrics,
                                    const EvaluationOptions& options) {
  std::vector<std::vector<std::string>> pool;
  pool.reserve(data.units.size());
  for (const EvaluatedUnit& unit : data.units) pool.push_back(unit.references);
  const size_t candidates =
      std::min(static_cast<size_t>(options.retrieval_candidates), pool.size());
  std::vector<EvaluationRow> rows;
  for (const ScoredTexts& texts : AllTexts(data, options)) {
    if (texts.items.empty()) continue;
    const ItemScores scores = ScoreItems(texts, metrics, pool, options);
    for (const Group& group : GroupsOf(texts, data, options.by_certainty)) {
      EvaluationRow& row = rows.emplace_back(RowOf(texts, group));
      row.agreement = Agreement(group, scores, metrics, options.bootstrap);
      row.distinction = Distinction(group, scores, row.repeated, candidates, options.bootstrap);
    }
  }
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(OrderOf(a.certainty), a.certainty) <
           std::pair(OrderOf(b.certainty), b.certainty);
  });
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
