#include "milan/evaluate/content_words.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <unordered_set>

#include "milan/text/tokenizer.h"

namespace milan {
namespace {

bool IsFunctionWord(const std::string& word) {
  static const std::unordered_set<std::string> kFunctionWords = {
      "a",     "about", "above",   "across", "against", "all",   "along",   "also",    "an",
      "and",   "any",   "are",     "around", "as",      "at",    "be",      "been",    "behind",
      "being", "below", "between", "both",   "by",      "down",  "each",    "few",     "for",
      "from",  "her",   "his",     "in",     "into",    "is",    "it",      "its",     "like",
      "many",  "more",  "most",    "mostly", "n't",     "near",  "no",      "not",     "of",
      "off",   "often", "on",      "onto",   "or",      "other", "out",     "over",    "some",
      "such",  "than",  "that",    "the",    "their",   "them",  "there",   "these",   "they",
      "this",  "those", "through", "to",     "under",   "up",    "usually", "various", "very",
      "was",   "were",  "where",   "which",  "while",   "who",   "whose",   "with"};
  return kFunctionWords.contains(word);
}

/// Starts like a word: not a punctuation mark, not 's or 've.
bool IsWordToken(const std::string& token) {
  const auto first = static_cast<unsigned char>(token[0]);
  return first >= 0x80 || std::isalnum(first) != 0;
}

}  // namespace

std::string Singular(std::string_view word) {
  const auto without = [&](size_t letters) {
    return std::string(word.substr(0, word.size() - letters));
  };
  if (word.size() <= 3 || !word.ends_with('s')) return std::string(word);
  if (word.ends_with("ss") || word.ends_with("us") || word.ends_with("is"))
    return std::string(word);
  if (word.ends_with("ies") && word.size() > 4) return without(3) + "y";
  for (const char* ending : {"sses", "xes", "zes", "ches", "shes"}) {
    if (word.ends_with(ending)) return without(2);
  }
  return without(1);
}

std::set<std::string> ContentWords(std::string_view text) {
  std::set<std::string> words;
  for (const std::string& token : Tokenize(text)) {
    if (IsWordToken(token) && !IsFunctionWord(token)) words.insert(Singular(token));
  }
  return words;
}

double ContentWordF1(const std::set<std::string>& prediction,
                     const std::set<std::string>& reference) {
  if (prediction.empty() || reference.empty()) return 0;
  const auto both = std::count_if(prediction.begin(), prediction.end(),
                                  [&](const auto& word) { return reference.contains(word); });
  return 2.0 * static_cast<double>(both) /
         static_cast<double>(prediction.size() + reference.size());
}

double ContentWordF1(std::string_view prediction, const std::vector<std::string>& references) {
  const std::set<std::string> words = ContentWords(prediction);
  double best = 0;
  for (const std::string& reference : references) {
    best = std::max(best, ContentWordF1(words, ContentWords(reference)));
  }
  return best;
}

}  // namespace milan
