#include "milan/captioner/consensus.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "milan/base/error.h"
#include "milan/evaluate/content_words.h"

namespace milan {

ContentWordTable::ContentWordTable(const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    std::vector<int>& said = words_.emplace_back();
    for (const std::string& content : ContentWords(word)) {
      said.push_back(numbers_.emplace(content, static_cast<int>(numbers_.size())).first->second);
    }
  }
}

std::vector<int> ContentWordTable::WordsOf(std::span<const int> tokens) const {
  std::vector<int> said;
  for (const int token : tokens) {
    if (token < 0 || static_cast<size_t>(token) >= words_.size()) continue;
    const std::vector<int>& words = words_[static_cast<size_t>(token)];
    said.insert(said.end(), words.begin(), words.end());
  }
  std::sort(said.begin(), said.end());
  said.erase(std::unique(said.begin(), said.end()), said.end());
  return said;
}

bool ContentWordTable::SaysTwice(std::span<const int> tokens) const {
  size_t said = 0;
  for (const int token : tokens) {
    if (token >= 0 && static_cast<size_t>(token) < words_.size()) {
      said += words_[static_cast<size_t>(token)].size();
    }
  }
  return said > WordsOf(tokens).size();
}

std::vector<int> ContentWordTable::NumbersOf(const std::vector<std::string>& content_words) const {
  std::vector<int> numbers;
  for (const std::string& word : content_words) {
    const auto found = numbers_.find(word);
    numbers.push_back(found == numbers_.end() ? -1 : found->second);
  }
  return numbers;
}

double Agreement(std::span<const int> a, std::span<const int> b) {
  if (a.empty() || b.empty()) return 0;
  std::vector<int> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return 2.0 * static_cast<double>(both.size()) / static_cast<double>(a.size() + b.size());
}

std::vector<double> ExpectedAgreement(std::span<const std::vector<int>> texts,
                                      std::span<const double> scores, double temperature) {
  MILAN_CHECK(texts.size() == scores.size() && temperature > 0, "scores of other texts");
  if (texts.empty()) return {};
  const double best = *std::max_element(scores.begin(), scores.end());
  std::vector<double> weights;
  double sum = 0;
  for (const double score : scores) {
    weights.push_back(std::exp((score - best) / temperature));
    sum += weights.back();
  }
  std::vector<double> expected;
  for (const std::vector<int>& text : texts) {
    double agreement = 0;
    for (size_t i = 0; i < texts.size(); ++i) {
      agreement += weights[i] / sum * Agreement(text, texts[i]);
    }
    expected.push_back(agreement);
  }
  return expected;
}

}  // namespace milan
