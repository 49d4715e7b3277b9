#include "milan/evaluate/rouge.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "milan/evaluate/porter_stemmer.h"

namespace milan {
namespace {

using Tokens = std::vector<std::string>;

constexpr size_t kShortestStemmed = 4;

double FMeasure(size_t common, size_t prediction, size_t reference) {
  if (common == 0) return 0;
  // 2 P R / (P + R) with P = common / prediction, R = common / reference.
  return 2.0 * static_cast<double>(common) / static_cast<double>(prediction + reference);
}

std::map<std::string, size_t> CountNgrams(const Tokens& tokens, size_t order) {
  std::map<std::string, size_t> counts;
  for (size_t first = 0; first + order <= tokens.size(); ++first) {
    std::string ngram;
    for (size_t i = first; i < first + order; ++i) ngram += tokens[i] + ' ';
    ++counts[ngram];
  }
  return counts;
}

double NgramScore(const Tokens& prediction, const Tokens& reference, size_t order) {
  if (prediction.size() < order || reference.size() < order) return 0;
  const auto wanted = CountNgrams(reference, order);
  size_t common = 0;
  for (const auto& [ngram, count] : CountNgrams(prediction, order)) {
    const auto found = wanted.find(ngram);
    if (found != wanted.end()) common += std::min(count, found->second);
  }
  return FMeasure(common, prediction.size() - order + 1, reference.size() - order + 1);
}

size_t LongestCommonSubsequence(const Tokens& a, const Tokens& b) {
  std::vector<size_t> above(b.size() + 1, 0);
  for (const std::string& token : a) {
    std::vector<size_t> row(b.size() + 1, 0);
    for (size_t j = 0; j < b.size(); ++j) {
      row[j + 1] = token == b[j] ? above[j] + 1 : std::max(row[j], above[j + 1]);
    }
    above = std::move(row);
  }
  return above.back();
}

}  // namespace

std::vector<std::string> RougeTokens(std::string_view text, bool stemming) {
  Tokens tokens;
  std::string token;
  const auto finish = [&] {
    if (token.empty()) return;
    tokens.push_back(stemming && token.size() >= kShortestStemmed ? PorterStem(token) : token);
    token.clear();
  };
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      token += c;
    } else {
      finish();
    }
  }
  finish();
  return tokens;
}

RougeScores Rouge(std::string_view prediction, const std::vector<std::string>& references,
                  bool stemming) {
  const Tokens tokens = RougeTokens(prediction, stemming);
  RougeScores best;
  for (const std::string& reference : references) {
    const Tokens wanted = RougeTokens(reference, stemming);
    best.rouge_1 = std::max(best.rouge_1, NgramScore(tokens, wanted, 1));
    best.rouge_2 = std::max(best.rouge_2, NgramScore(tokens, wanted, 2));
    best.rouge_l = std::max(best.rouge_l, FMeasure(LongestCommonSubsequence(tokens, wanted),
                                                   tokens.size(), wanted.size()));
  }
  return best;
}

}  // namespace milan
