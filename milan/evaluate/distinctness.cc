#include "milan/evaluate/distinctness.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "milan/text/tokenizer.h"

namespace milan {
namespace {

std::string Normalized(const std::string& text) {
  std::vector<std::string> tokens = Tokenize(text);
  while (!tokens.empty() && (tokens.back() == "." || tokens.back() == ",")) tokens.pop_back();
  return Detokenize(tokens);
}

}  // namespace

Distinctness CountDistinct(std::span<const std::string> texts, size_t examples) {
  std::map<std::string, int64_t> counts;
  Distinctness result;
  for (const std::string& text : texts) {
    const std::string normalized = Normalized(text);
    if (normalized.empty()) continue;
    ++counts[normalized];
    ++result.units;
  }
  result.distinct = static_cast<int64_t>(counts.size());
  if (result.units == 0) return result;
  const auto total = static_cast<double>(result.units);
  result.most_bits = std::log2(total);
  for (const auto& [text, count] : counts) {
    const double share = static_cast<double>(count) / total;
    result.entropy -= share * std::log2(share);
    if (count > 1) result.most_frequent.push_back({text, count});
  }
  result.entropy = std::max(result.entropy, 0.0);  // not -0
  std::stable_sort(result.most_frequent.begin(), result.most_frequent.end(),
                   [](const auto& a, const auto& b) { return a.units > b.units; });
  if (result.most_frequent.size() > examples) result.most_frequent.resize(examples);
  return result;
}

}  // namespace milan
