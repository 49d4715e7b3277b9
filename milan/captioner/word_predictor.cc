#include "milan/captioner/word_predictor.h"

#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "milan/captioner/torch_tensors.h"
#include "milan/evaluate/content_words.h"

namespace milan {
namespace {

/// Units at a time whose features are averaged: bounds the memory of what lies between.
constexpr int64_t kUnitsAveraged = 128;
/// Words of fewer units cannot be told from chance.
constexpr int kFewestUnits = 3;
/// Of fewer units thousands of features explain any words.
constexpr size_t kFewestTrainingUnits = 100;
/// Added to the features' squares, per training unit (measured, record 0015).
constexpr double kPenaltyPerUnit = 2;

/// [units, features]
torch::Tensor Averages(const torch::Tensor& features) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& part : features.split(kUnitsAveraged)) {
    parts.push_back(SignedRoot(part).mean(1));
  }
  return torch::cat(parts);
}

using WordSets = std::vector<std::vector<std::set<std::string>>>;  ///< Of each unit's texts.

WordSets SetsOf(const std::vector<std::vector<std::string>>& texts) {
  WordSets sets;
  for (const auto& of_unit : texts) {
    auto& unit = sets.emplace_back();
    for (const std::string& text : of_unit) unit.push_back(ContentWords(text));
  }
  return sets;
}

/// Of how many units each word is said.
std::map<std::string, int> CountUnits(const WordSets& sets) {
  std::map<std::string, int> counts;
  for (const auto& of_unit : sets) {
    std::set<std::string> said;
    for (const auto& words : of_unit) said.insert(words.begin(), words.end());
    for (const std::string& word : said) ++counts[word];
  }
  return counts;
}

/// [units, words]: the part of a unit's texts that say the word, less the mean over units.
torch::Tensor TargetsOf(const WordSets& sets, const std::vector<std::string>& words) {
  std::map<std::string, int64_t> places;
  for (const std::string& word : words) places.emplace(word, places.size());
  torch::Tensor targets =
      torch::zeros({static_cast<int64_t>(sets.size()), static_cast<int64_t>(words.size())});
  auto target = targets.accessor<float, 2>();
  for (size_t unit = 0; unit < sets.size(); ++unit) {
    for (const auto& said : sets[unit]) {
      for (const std::string& word : said) {
        const auto place = places.find(word);
        if (place == places.end()) continue;
        target[static_cast<int64_t>(unit)][place->second] +=
            1 / static_cast<float>(sets[unit].size());
      }
    }
  }
  return targets - targets.mean(0);
}

}  // namespace

WordPredictorImpl::WordPredictorImpl(std::vector<std::string> words, int64_t features)
    : words_(std::move(words)) {
  const auto count = static_cast<int64_t>(words_.size());
  weights = register_buffer("weights", torch::zeros({features, count}));
  rarity = register_buffer("rarity", torch::ones({count}));
  mean = register_buffer("mean", torch::zeros({features}));
  deviation = register_buffer("deviation", torch::ones({features}));
}

torch::Tensor WordPredictorImpl::Predict(const torch::Tensor& features) const {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor predicted = Standardized(Averages(features), mean, deviation).matmul(weights);
  constexpr double kSmallest = 1e-12;
  return predicted / predicted.norm(2, {1}, true).clamp_min(kSmallest);
}

bool WordPredictorImpl::IsSound() const {
  for (const torch::Tensor& values : buffers()) {
    if (!values.isfinite().all().item<bool>()) return false;
  }
  return (rarity >= 0).all().item<bool>() && (deviation > 0).all().item<bool>();
}

double WordPredictorImpl::Agreement(std::span<const float> predicted,
                                    std::span<const int> said) const {
  const auto weight = rarity.accessor<float, 1>();
  double product = 0;
  double square = 0;
  for (const int word : said) {
    product += static_cast<double>(weight[word]) * predicted[static_cast<size_t>(word)];
    square += static_cast<double>(weight[word]) * weight[word];
  }
  return square > 0 ? product / std::sqrt(square) : 0;
}

WordPredictor LearnWords(const torch::Tensor& features,
                         const std::vector<std::vector<std::string>>& texts) {
  const torch::NoGradGuard no_gradient;
  if (texts.size() < kFewestTrainingUnits) return nullptr;
  const WordSets sets = SetsOf(texts);
  std::vector<std::string> words;
  std::vector<float> rarity;
  for (const auto& [word, units] : CountUnits(sets)) {
    if (units < kFewestUnits) continue;
    words.push_back(word);
    rarity.push_back(
        std::sqrt(std::log(static_cast<float>(sets.size()) / static_cast<float>(units))));
  }
  if (words.empty()) return nullptr;
  WordPredictor predictor(words, features.size(2));
  const torch::Tensor averages = Averages(features);
  constexpr double kSmallest = 1e-4;
  predictor->mean.copy_(averages.mean(0));
  predictor->deviation.copy_(averages.std(0, false) + kSmallest);
  predictor->rarity.copy_(torch::tensor(rarity));
  const torch::Tensor x = Standardized(averages, predictor->mean, predictor->deviation);
  const double penalty = kPenaltyPerUnit * static_cast<double>(sets.size());
  const torch::Tensor squares = x.t().matmul(x) + penalty * torch::eye(x.size(1));
  const torch::Tensor solved = torch::linalg_solve(squares, x.t().matmul(TargetsOf(sets, words)));
  const torch::Tensor weighted = solved * predictor->rarity;
  // Only directions matter: scaled so that half precision holds them well.
  constexpr double kTiny = 1e-30;
  predictor->weights.copy_(weighted / weighted.abs().max().clamp_min(kTiny));
  return predictor;
}

}  // namespace milan
