#include "milan/evaluate/porter_stemmer.h"

#include <cstddef>
#include <span>
#include <unordered_map>

namespace milan {
namespace {

bool IsConsonant(std::string_view word, size_t i) {
  switch (word[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
      return false;
    case 'y':
      return i == 0 || !IsConsonant(word, i - 1);
    default:
      return true;
  }
}

/// How many times a vowel is followed by a consonant: Porter's m.
int Measure(std::string_view stem) {
  int measure = 0;
  for (size_t i = 1; i < stem.size(); ++i) {
    if (IsConsonant(stem, i) && !IsConsonant(stem, i - 1)) ++measure;
  }
  return measure;
}

bool HasVowel(std::string_view stem) {
  for (size_t i = 0; i < stem.size(); ++i) {
    if (!IsConsonant(stem, i)) return true;
  }
  return false;
}

bool EndsWithDoubleConsonant(std::string_view word) {
  const size_t size = word.size();
  return size >= 2 && word[size - 1] == word[size - 2] && IsConsonant(word, size - 1);
}

/// Consonant, vowel, consonant other than w, x, y (or just the last two, in a word of two letters):
/// a short syllable, which takes an e.
bool EndsWithShortSyllable(std::string_view word) {
  const size_t size = word.size();
  if (size == 2) return !IsConsonant(word, 0) && IsConsonant(word, 1);
  if (size < 3) return false;
  const char last = word[size - 1];
  return IsConsonant(word, size - 3) && !IsConsonant(word, size - 2) &&
         IsConsonant(word, size - 1) && last != 'w' && last != 'x' && last != 'y';
}

std::string Replaced(std::string_view word, std::string_view suffix, std::string_view by) {
  std::string stem(word.substr(0, word.size() - suffix.size()));
  stem += by;
  return stem;
}

struct Rule {
  std::string_view suffix;
  std::string_view by;
};

/// Applies the first rule whose suffix fits, provided that `holds` for what is before the suffix.
template <typename Condition>
std::string ApplyFirst(std::span<const Rule> rules, const std::string& word, Condition holds) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) continue;
    const std::string_view stem =
        std::string_view(word).substr(0, word.size() - rule.suffix.size());
    return holds(rule, stem) ? Replaced(word, rule.suffix, rule.by) : word;
  }
  return word;
}

/// Plurals.
std::string Step1a(const std::string& word) {
  if (word.size() == 4 && word.ends_with("ies")) return Replaced(word, "ies", "ie");
  static constexpr Rule kRules[] = {{"sses", "ss"}, {"ies", "i"}, {"ss", "ss"}, {"s", ""}};
  return ApplyFirst(kRules, word, [](const Rule&, std::string_view) { return true; });
}

/// What is left of a word without -ed or -ing, made a word again: "hopp" hop, "fil" file.
std::string Repaired(const std::string& stem) {
  static constexpr Rule kRules[] = {{"at", "ate"}, {"bl", "ble"}, {"iz", "ize"}};
  for (const Rule& rule : kRules) {
    if (stem.ends_with(rule.suffix)) return Replaced(stem, rule.suffix, rule.by);
  }
  if (EndsWithDoubleConsonant(stem)) {
    const char last = stem.back();
    const bool stays = last == 'l' || last == 's' || last == 'z';
    return stays ? stem : stem.substr(0, stem.size() - 1);
  }
  return Measure(stem) == 1 && EndsWithShortSyllable(stem) ? stem + "e" : stem;
}

/// Past tenses and gerunds.
std::string Step1b(const std::string& word) {
  if (word.ends_with("ied")) return Replaced(word, "ied", word.size() == 4 ? "ie" : "i");
  if (word.ends_with("eed")) {
    const std::string stem = Replaced(word, "eed", "");
    return Measure(stem) > 0 ? stem + "ee" : word;
  }
  for (const std::string_view suffix : {"ed", "ing"}) {
    if (!word.ends_with(suffix)) continue;
    const std::string stem = Replaced(word, suffix, "");
    return HasVowel(stem) ? Repaired(stem) : word;
  }
  return word;
}

std::string Step1c(const std::string& word) {
  if (!word.ends_with('y') || word.size() < 3 || !IsConsonant(word, word.size() - 2)) return word;
  return Replaced(word, "y", "i");
}

bool IsLong(const Rule&, std::string_view stem) { return Measure(stem) > 0; }

std::string Step2(const std::string& word) {
  if (word.ends_with("alli") && Measure(Replaced(word, "alli", "")) > 0) {
    return Step2(Replaced(word, "alli", "al"));
  }
  static constexpr Rule kRules[] = {
      {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"},   {"anci", "ance"},
      {"izer", "ize"},    {"bli", "ble"},     {"alli", "al"},     {"entli", "ent"},
      {"eli", "e"},       {"ousli", "ous"},   {"ization", "ize"}, {"ation", "ate"},
      {"ator", "ate"},    {"alism", "al"},    {"iveness", "ive"}, {"fulness", "ful"},
      {"ousness", "ous"}, {"aliti", "al"},    {"iviti", "ive"},   {"biliti", "ble"},
      {"fulli", "ful"},   {"logi", "log"}};
  return ApplyFirst(kRules, word, [&word](const Rule& rule, std::string_view stem) {
    // The l of -logi counts to the stem.
    if (rule.suffix == "logi") return Measure(word.substr(0, word.size() - 3)) > 0;
    return Measure(stem) > 0;
  });
}

std::string Step3(const std::string& word) {
  static constexpr Rule kRules[] = {{"icate", "ic"}, {"ative", ""},  {"alize", "al"},
                                    {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""},
                                    {"ness", ""}};
  return ApplyFirst(kRules, word, IsLong);
}

std::string Step4(const std::string& word) {
  static constexpr Rule kRules[] = {{"al", ""},    {"ance", ""}, {"ence", ""}, {"er", ""},
                                    {"ic", ""},    {"able", ""}, {"ible", ""}, {"ant", ""},
                                    {"ement", ""}, {"ment", ""}, {"ent", ""},  {"ion", ""},
                                    {"ou", ""},    {"ism", ""},  {"ate", ""},  {"iti", ""},
                                    {"ous", ""},   {"ive", ""},  {"ize", ""}};
  return ApplyFirst(kRules, word, [](const Rule& rule, std::string_view stem) {
    const bool fits = rule.suffix != "ion" || stem.ends_with('s') || stem.ends_with('t');
    return fits && Measure(stem) > 1;
  });
}

/// A final e, and one of two final l.
std::string Step5(const std::string& word) {
  std::string result = word;
  if (word.ends_with('e')) {
    const std::string stem = word.substr(0, word.size() - 1);
    const int measure = Measure(stem);
    if (measure > 1 || (measure == 1 && !EndsWithShortSyllable(stem))) result = stem;
  }
  if (result.ends_with("ll") && Measure(result.substr(0, result.size() - 1)) > 1) result.pop_back();
  return result;
}

}  // namespace

std::string PorterStem(std::string_view word) {
  static const std::unordered_map<std::string_view, std::string_view> kExceptions = {
      {"sky", "sky"},        {"skies", "sky"},        {"dying", "die"},
      {"lying", "lie"},      {"tying", "tie"},        {"news", "news"},
      {"innings", "inning"}, {"inning", "inning"},    {"outings", "outing"},
      {"outing", "outing"},  {"cannings", "canning"}, {"canning", "canning"},
      {"howe", "howe"},      {"proceed", "proceed"},  {"exceed", "exceed"},
      {"succeed", "succeed"}};
  const auto exception = kExceptions.find(word);
  if (exception != kExceptions.end()) return std::string(exception->second);
  if (word.size() <= 2) return std::string(word);
  return Step5(Step4(Step3(Step2(Step1c(Step1b(Step1a(std::string(word))))))));
}

}  // namespace milan
