#include "milan/evaluate/embedding_score.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <set>
#include <utility>

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

double EmbeddingScorer::Score(const std::string& prediction,
                              const std::vector<std::string>& references) {
  const std::vector<Word>& words = WordsOf(prediction);
  double best = 0;
  for (const std::string& reference : references) {
    const std::vector<Word>& reference_words = WordsOf(reference);
    if (words.empty() || reference_words.empty()) continue;
    const double precision = Coverage(words, reference_words);
    const double recall = Coverage(reference_words, words);
    if (precision + recall > 0)
      best = std::max(best, 2 * precision * recall / (precision + recall));
  }
  return best;
}

const std::vector<EmbeddingScorer::Word>& EmbeddingScorer::WordsOf(const std::string& text) {
  const auto [found, is_new] = words_of_.try_emplace(text);
  if (is_new) {
    for (std::string& token : Tokenize(text)) {
      const std::span<const float> vector = vectors_->Find(token);
      const double idf = Idf(token);
      found->second.push_back({std::move(token), vector, idf});
    }
  }
  return found->second;
}

double EmbeddingScorer::Similarity(const Word& a, const Word& b) {
  if (a.text == b.text) return 1;
  if (a.vector.empty() || b.vector.empty()) return 0;
  return std::clamp(std::inner_product(a.vector.begin(), a.vector.end(), b.vector.begin(), 0.0),
                    0.0, 1.0);
}

double EmbeddingScorer::Coverage(const std::vector<Word>& words, const std::vector<Word>& others) {
  double weighted = 0;
  double weights = 0;
  double plain = 0;
  for (const Word& word : words) {
    double most_similar = 0;
    for (const Word& other : others) {
      most_similar = std::max(most_similar, Similarity(word, other));
    }
    weighted += word.idf * most_similar;
    weights += word.idf;
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
