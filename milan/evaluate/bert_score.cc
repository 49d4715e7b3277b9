#include "milan/evaluate/bert_score.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <set>
#include <span>
#include <utility>

#include "milan/base/error.h"

namespace milan {
namespace {

/// What encoders put around every text.
constexpr size_t kMarks = 2;

void NormalizeRows(std::vector<float>& values, size_t size) {
  for (size_t start = 0; start < values.size(); start += size) {
    const std::span<float> row = std::span(values).subspan(start, size);
    double square = 0;
    for (const float value : row) square += static_cast<double>(value) * value;
    if (square == 0) continue;
    const auto scale = static_cast<float>(1 / std::sqrt(square));
    for (float& value : row) value *= scale;
  }
}

float Dot(const float* a, const float* b, size_t size) {
  float sum = 0;
  for (size_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

double WeightedSum(const std::vector<float>& nearest, const std::vector<double>& weights) {
  double sum = 0;
  for (size_t i = 0; i < nearest.size(); ++i) sum += weights[i] * static_cast<double>(nearest[i]);
  return sum;
}

}  // namespace

BertScorer::BertScorer(TextEncoder encoder, const std::vector<std::string>& references)
    : encoder_(std::move(encoder)), reference_count_(static_cast<double>(references.size())) {
  // The weights need all references first, so what the encoder said of them is kept until then.
  std::unordered_map<std::string, EncodedText> encoded;
  for (const std::string& reference : references) {
    const auto [found, is_new] = encoded.try_emplace(reference);
    if (is_new) found->second = encoder_(reference);
    const std::vector<int64_t>& ids = found->second.ids;
    for (const int64_t id : std::set<int64_t>(ids.begin(), ids.end())) ++document_counts_[id];
  }
  for (auto& [text, value] : encoded) tokens_of_.emplace(text, Weighted(std::move(value)));
}

double BertScorer::Score(const std::string& prediction,
                         const std::vector<std::string>& references) {
  const Tokens& tokens = TokensOf(prediction);
  double best = -1;
  for (const std::string& reference : references) {
    best = std::max(best, F(tokens, TokensOf(reference)));
  }
  return references.empty() ? 0 : best;
}

const BertScorer::Tokens& BertScorer::TokensOf(const std::string& text) {
  const auto found = tokens_of_.find(text);
  if (found != tokens_of_.end()) return found->second;
  return tokens_of_.emplace(text, Weighted(encoder_(text))).first->second;
}

BertScorer::Tokens BertScorer::Weighted(EncodedText encoded) const {
  const size_t count = encoded.ids.size();
  MILAN_CHECK(
      encoded.vectors.shape.size() == 2 && encoded.vectors.shape[0] == static_cast<int64_t>(count),
      "an encoder gave vectors of shape " + ToString(encoded.vectors.shape));
  Tokens tokens;
  if (count <= kMarks) return tokens;
  tokens.size = static_cast<size_t>(encoded.vectors.shape[1]);
  tokens.vectors = std::move(encoded.vectors.values);
  NormalizeRows(tokens.vectors, tokens.size);
  tokens.weights.assign(count, 0);
  double sum = 0;
  for (size_t i = 1; i + 1 < count; ++i) {
    const auto known = document_counts_.find(encoded.ids[i]);
    const double documents =
        known == document_counts_.end() ? 0 : static_cast<double>(known->second);
    tokens.weights[i] = std::log((reference_count_ + 1) / (documents + 1));
    sum += tokens.weights[i];
  }
  if (sum > 0) {
    for (double& weight : tokens.weights) weight /= sum;
  }
  return tokens;
}

double BertScorer::F(const Tokens& prediction, const Tokens& reference) {
  if (prediction.weights.empty() || reference.weights.empty()) return 0;
  constexpr float kLowest = std::numeric_limits<float>::lowest();
  std::vector<float> nearest_of_prediction(prediction.weights.size(), kLowest);
  std::vector<float> nearest_of_reference(reference.weights.size(), kLowest);
  for (size_t i = 0; i < prediction.weights.size(); ++i) {
    for (size_t j = 0; j < reference.weights.size(); ++j) {
      const float cosine = Dot(prediction.vectors.data() + i * prediction.size,
                               reference.vectors.data() + j * reference.size, prediction.size);
      nearest_of_prediction[i] = std::max(nearest_of_prediction[i], cosine);
      nearest_of_reference[j] = std::max(nearest_of_reference[j], cosine);
    }
  }
  const double precision = WeightedSum(nearest_of_prediction, prediction.weights);
  const double recall = WeightedSum(nearest_of_reference, reference.weights);
  return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
}

}  // namespace milan
