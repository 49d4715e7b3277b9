#include "milan/evaluate/embedding_score.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <set>
#include <span>

#include "milan/text/tokenizer.h"

namespace milan {

EmbeddingScorer::EmbeddingScorer(const WordVectors& vectors,
                                 const std::vector<std::string>& references)
    : vectors_(&vectors), reference_count_(static_cast<double>(references.size())) {
  for (const std::string& reference : references) {
    const std::vector<std::string> tokens = Tokenize(reference);
    for (const std::string& word : std::set<std::string>(tokens.begin(), tokens.end())) {
      ++document_counts_[word];
    }
  }
}

double EmbeddingScorer::Score(std::string_view prediction,
                              const std::vector<std::string>& references) const {
  const std::vector<std::string> words = Tokenize(prediction);
  double best = 0;
  for (const std::string& reference : references) {
    const std::vector<std::string> reference_words = Tokenize(reference);
    if (words.empty() || reference_words.empty()) continue;
    const double precision = Coverage(words, reference_words);
    const double recall = Coverage(reference_words, words);
    if (precision + recall > 0)
      best = std::max(best, 2 * precision * recall / (precision + recall));
  }
  return best;
}

double EmbeddingScorer::Similarity(const std::string& a, const std::string& b) const {
  if (a == b) return 1;
  const std::span<const float> x = vectors_->Find(a);
  const std::span<const float> y = vectors_->Find(b);
  if (x.empty() || y.empty()) return 0;
  return std::clamp(std::inner_product(x.begin(), x.end(), y.begin(), 0.0), 0.0, 1.0);
}

double EmbeddingScorer::Coverage(const std::vector<std::string>& words,
                                 const std::vector<std::string>& others) const {
  double weighted = 0;
  double weights = 0;
  double plain = 0;
  for (const std::string& word : words) {
    double most_similar = 0;
    for (const std::string& other : others) {
      most_similar = std::max(most_similar, Similarity(word, other));
    }
    weighted += Idf(word) * most_similar;
    weights += Idf(word);
    plain += most_similar;
  }
  // When every word is in all references none has weight; then all count alike.
  return weights > 0 ? weighted / weights : plain / static_cast<double>(words.size());
}

double EmbeddingScorer::Idf(const std::string& word) const {
  const auto found = document_counts_.find(word);
  const double count = found == document_counts_.end() ? 0 : found->second;
  return std::log((reference_count_ + 1) / (count + 1));
}

}  // namespace milan
