#include "milan/actions/concept.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <regex>
#include <unordered_map>

#include "milan/base/error.h"
#include "milan/base/regular_expression.h"
#include "milan/evaluate/content_words.h"
#include "milan/text/tokenizer.h"

namespace milan {
namespace {

constexpr std::string_view kPatternPrefix = "re:";
constexpr std::string_view kPatternCharacters = ".*+?[](){}^$\\";
/// The library's matcher recurses once per character: longer texts could exhaust the stack.
constexpr size_t kLongestMatched = 2000;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string> SplitAtBars(std::string_view text) {
  std::vector<std::string> parts;
  // A bar inside of brackets belongs to a term that is a regular expression.
  int depth = 0;
  std::string part;
  for (const char c : text) {
    if (c == '(' || c == '[') ++depth;
    if (c == ')' || c == ']') --depth;
    if (c == '|' && depth <= 0) {
      parts.push_back(std::move(part));
      part.clear();
    } else {
      part += c;
    }
  }
  parts.push_back(std::move(part));
  return parts;
}

double Cosine(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);  // both have length 1
}

}  // namespace

struct Concept::Term {
  std::string text;
  std::vector<std::string> words;     ///< Forms; empty for a pattern.
  std::optional<std::regex> pattern;  ///< Of a regular expression.

  std::optional<std::string> FindWords(const std::vector<std::string>& tokens,
                                       const std::vector<std::string>& forms) const {
    const auto place = std::search(forms.begin(), forms.end(), words.begin(), words.end());
    if (place == forms.end()) return std::nullopt;
    std::string found;
    const auto first = place - forms.begin();
    for (size_t i = 0; i < words.size(); ++i) found += (i > 0 ? " " : "") + tokens[first + i];
    return found;
  }

  std::optional<std::string> FindPattern(const std::string& text_to_search) const {
    std::smatch match;
    if (!std::regex_search(text_to_search, match, *pattern)) return std::nullopt;
    return match.str();
  }
};

Concept::Concept() = default;
Concept::Concept(Concept&&) noexcept = default;
Concept& Concept::operator=(Concept&&) noexcept = default;
Concept::~Concept() = default;

std::string ToString(Evidence evidence) {
  switch (evidence) {
    case Evidence::kWord:
      return "word";
    case Evidence::kSynonym:
      return "synonym";
    case Evidence::kKind:
      return "kind";
    case Evidence::kNear:
      break;
  }
  return "near";
}

std::string WordForm(const std::string& word) {
  static const std::unordered_map<std::string, std::string> kIrregular = {
      {"people", "person"}, {"men", "man"},       {"women", "woman"}, {"children", "child"},
      {"teeth", "tooth"},   {"feet", "foot"},     {"mice", "mouse"},  {"geese", "goose"},
      {"leaves", "leaf"},   {"wolves", "wolf"},   {"calves", "calf"}, {"halves", "half"},
      {"knives", "knife"},  {"loaves", "loaf"},   {"lives", "life"},  {"shelves", "shelf"},
      {"hooves", "hoof"},   {"scarves", "scarf"}, {"oxen", "ox"},     {"lenses", "lens"},
      {"wives", "wife"}};
  const auto found = kIrregular.find(word);
  return found == kIrregular.end() ? Singular(word) : found->second;
}

std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string& token : Tokenize(text)) {
    const auto first = static_cast<unsigned char>(token[0]);
    if (first >= 0x80 || std::isalnum(first) != 0) words.push_back(token);
  }
  return words;
}

Concept::Term Concept::MakeTerm(const std::string& text, bool is_whole_pattern) {
  Term term{text, {}, {}};
  if (is_whole_pattern || text.find_first_of(kPatternCharacters) != std::string::npos) {
    try {
      term.pattern =
          CompileRegex(is_whole_pattern ? text : "\\b(?:" + text + ")\\b",
                       std::regex::ECMAScript | std::regex::icase | std::regex::optimize);
    } catch (const std::regex_error& error) {
      throw UsageError("'" + text + "' is no regular expression: " + error.what());
    }
    return term;
  }
  for (const std::string& word : WordsOf(text)) term.words.push_back(WordForm(word));
  if (term.words.empty()) {
    throw UsageError("'" + text + "' is no word to look for; give words as in 'face|person'");
  }
  return term;
}

Concept Concept::Parse(const std::string& text) {
  Concept parsed;
  parsed.text_ = text;
  if (text.starts_with(kPatternPrefix)) {
    parsed.terms_.push_back(MakeTerm(text.substr(kPatternPrefix.size()), true));
    return parsed;
  }
  for (const std::string& part : SplitAtBars(text)) {
    const std::string term(Trimmed(part));
    if (term.empty()) {
      throw UsageError("'" + text +
                       "': an empty word would match everything; give words as in "
                       "'face|person'");
    }
    parsed.terms_.push_back(MakeTerm(term, false));
  }
  return parsed;
}

std::vector<std::string> Concept::Terms() const {
  std::vector<std::string> terms;
  for (const Term& term : terms_) terms.push_back(term.text);
  return terms;
}

std::optional<ConceptMatch> Concept::Match(std::string_view text,
                                           const ConceptResources& resources) const {
  const std::vector<std::string> tokens = WordsOf(text);
  std::vector<std::string> forms;
  for (const std::string& token : tokens) forms.push_back(WordForm(token));
  const std::string small = ToLower(text.substr(0, kLongestMatched));
  for (const Term& term : terms_) {
    const auto found = term.pattern ? term.FindPattern(small) : term.FindWords(tokens, forms);
    if (found) return ConceptMatch{Evidence::kWord, term.text, *found, 1};
  }
  std::optional<ConceptMatch> best;
  const auto consider = [&](Evidence evidence, const Term& term, size_t token, double nearness) {
    if (best &&
        (best->evidence < evidence || (best->evidence == evidence && best->nearness >= nearness))) {
      return;
    }
    best = ConceptMatch{evidence, term.text, tokens[token], nearness};
  };
  for (const Term& term : terms_) {
    if (term.words.size() != 1) continue;
    const std::string& word = term.words.front();
    for (size_t i = 0; i < tokens.size(); ++i) {
      if (resources.senses != nullptr && resources.senses->IsMostlyNoun(tokens[i])) {
        if (resources.senses->MeanTheSame(forms[i], word)) {
          consider(Evidence::kSynonym, term, i, 1);
        } else if (resources.with_kinds && resources.senses->IsKindOf(forms[i], word)) {
          consider(Evidence::kKind, term, i, 1);
        }
      }
      if (resources.vectors == nullptr) continue;
      const auto a = resources.vectors->Find(forms[i]);
      const auto b = resources.vectors->Find(word);
      if (a.empty() || b.empty()) continue;
      const double nearness = Cosine(a, b);
      if (nearness >= resources.least_nearness) consider(Evidence::kNear, term, i, nearness);
    }
  }
  return best;
}

bool Concept::MatchesAsSubstring(std::string_view text) const {
  const std::string small = ToLower(text);
  return std::any_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    return !term.pattern && small.find(ToLower(term.text)) != std::string::npos;
  });
}

}  // namespace milan
