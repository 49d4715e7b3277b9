#include "milan/actions/properties.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <regex>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/actions/concept.h"
#include "milan/base/error.h"
#include "milan/base/regular_expression.h"
#include "milan/evaluate/content_words.h"

namespace milan {
namespace {

constexpr std::string_view kPatternPrefix = "re:";
constexpr std::string_view kSpread = "spread";
/// The library's matcher recurses once per character.
constexpr size_t kLongestMatched = 2000;

constexpr std::array<std::pair<std::string_view, WordClass>, 5> kClassNames = {
    {{"nouns", WordClass::kNoun},
     {"verbs", WordClass::kVerb},
     {"adjectives", WordClass::kAdjective},
     {"adverbs", WordClass::kAdverb},
     {"prepositions", WordClass::kPreposition}}};

double Spread(const std::string& text, const WordVectors& vectors) {
  std::vector<std::span<const float>> found;
  for (const std::string& word : ContentWords(text)) {
    const auto vector = vectors.Find(word);
    if (!vector.empty()) found.push_back(vector);
  }
  double largest = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    for (size_t j = i + 1; j < found.size(); ++j) {
      const double cosine =
          std::inner_product(found[i].begin(), found[i].end(), found[j].begin(), 0.0);
      largest = std::max(largest, 2 - 2 * cosine);
    }
  }
  return largest;
}

Property ClassProperty(std::string_view name, WordClass wanted, const WordClasses& classes) {
  return {
      std::string(name), fmt::format("number of {}", name), [&classes, wanted](const auto& text) {
        const auto words = classes.Classify(text);
        return static_cast<double>(std::count_if(words.begin(), words.end(), [&](const auto& word) {
          return word.word_class == wanted;
        }));
      }};
}

bool Has(const ClassifiedWord& word, std::string_view category) {
  return std::find(word.categories.begin(), word.categories.end(), category) !=
         word.categories.end();
}

Property CategoryProperty(const std::string& name, const WordClasses& classes) {
  return {name, fmt::format("number of words of the category '{}'", name),
          [&classes, name](const auto& text) {
            const auto words = classes.Classify(text);
            return static_cast<double>(std::count_if(
                words.begin(), words.end(), [&](const auto& word) { return Has(word, name); }));
          }};
}

Property PatternProperty(const std::string& name) {
  const std::string pattern = name.substr(kPatternPrefix.size());
  std::shared_ptr<const std::regex> compiled;
  try {
    compiled = std::make_shared<const std::regex>(
        CompileRegex(pattern, std::regex::ECMAScript | std::regex::icase | std::regex::optimize));
  } catch (const std::regex_error& error) {
    throw UsageError("'" + pattern + "' is no regular expression: " + error.what());
  }
  return {name, fmt::format("1 where '{}' is found", pattern), [compiled](const std::string& text) {
            return std::regex_search(text.substr(0, kLongestMatched), *compiled) ? 1.0 : 0.0;
          }};
}

}  // namespace

Property MakeProperty(const std::string& name, const PropertyResources& resources) {
  MILAN_CHECK(resources.classes != nullptr, "properties need word classes");
  if (name.starts_with(kPatternPrefix)) return PatternProperty(name);
  for (const auto& [class_name, word_class] : kClassNames) {
    if (name == class_name) return ClassProperty(class_name, word_class, *resources.classes);
  }
  if (name == "words") {
    return {name, "number of words",
            [](const auto& text) { return static_cast<double>(WordsOf(text).size()); }};
  }
  if (name == "characters") {
    return {name, "number of bytes",
            [](const auto& text) { return static_cast<double>(text.size()); }};
  }
  if (name == kSpread) {
    if (resources.vectors == nullptr) {
      throw UsageError("property 'spread' compares vectors of words: give --words and --vectors");
    }
    return {name, "largest squared distance between two words' vectors",
            [vectors = resources.vectors](const auto& text) { return Spread(text, *vectors); }};
  }
  const auto categories = WordClasses::Categories();
  if (std::find(categories.begin(), categories.end(), name) != categories.end()) {
    return CategoryProperty(name, *resources.classes);
  }
  throw UsageError(fmt::format("property '{}' is none of {}, or re:REGEX", name,
                               fmt::join(PropertyNames(resources), ", ")));
}

std::vector<std::string> PropertyNames(const PropertyResources& resources) {
  std::vector<std::string> names;
  for (const auto& [name, word_class] : kClassNames) names.emplace_back(name);
  names.insert(names.end(), {"words", "characters"});
  for (const std::string_view category : WordClasses::Categories()) names.emplace_back(category);
  if (resources.vectors != nullptr) names.emplace_back(kSpread);
  return names;
}

std::vector<std::string> DefaultProperties() {
  return {"nouns", "adjectives", "words", "colour", "texture", "object", "animal"};
}

std::vector<int64_t> CountCategories(std::span<const std::string> texts,
                                     const WordClasses& classes) {
  const auto categories = WordClasses::Categories();
  std::vector<int64_t> counts(categories.size(), 0);
  for (const std::string& text : texts) {
    std::set<std::string_view> found;
    for (const ClassifiedWord& word : classes.Classify(text)) {
      found.insert(word.categories.begin(), word.categories.end());
    }
    for (size_t i = 0; i < categories.size(); ++i) {
      if (found.contains(categories[i])) ++counts[i];
    }
  }
  return counts;
}

}  // namespace milan
