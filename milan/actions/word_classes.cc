#include "milan/actions/word_classes.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "milan/actions/concept.h"
#include "milan/actions/word_lists.h"
#include "milan/text/tokenizer.h"

namespace milan {
namespace {

std::vector<std::string> Split(std::string_view list) {
  std::istringstream stream{std::string(list)};
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

/// Which of milan's categories WordNet's field of a noun is; empty: none.
std::string_view CategoryOfField(std::string_view field) {
  static constexpr std::array<std::array<std::string_view, 2>, 9> kFields = {
      {{"animal", "animal"},
       {"artifact", "object"},
       {"body", "part"},
       {"food", "food"},
       {"object", "scene"},
       {"person", "person"},
       {"plant", "plant"},
       {"shape", "shape"},
       {"substance", "material"}}};
  for (const auto& [name, category] : kFields) {
    if (name == field) return category;
  }
  return {};
}

bool Contains(const std::vector<std::string_view>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

/// Without a dictionary.
WordClass ClassByEnding(const std::string& word) {
  if (word.size() > 4 && word.ends_with("ly")) return WordClass::kAdverb;
  if (word.size() > 4 && word.ends_with("ing")) return WordClass::kVerb;
  if (word.size() > 4 && word.ends_with("ed")) return WordClass::kAdjective;
  return WordClass::kNoun;
}

}  // namespace

std::string ToString(WordClass word_class) {
  switch (word_class) {
    case WordClass::kNoun:
      return "noun";
    case WordClass::kVerb:
      return "verb";
    case WordClass::kAdjective:
      return "adjective";
    case WordClass::kAdverb:
      return "adverb";
    case WordClass::kPreposition:
      return "preposition";
    case WordClass::kOther:
      break;
  }
  return "other";
}

WordClasses::WordClasses(const Senses* senses) : senses_(senses) {
  for (const WordList& list : CategoryLists()) {
    for (const std::string& word : Split(list.words)) categories_[word].push_back(list.category);
  }
  for (const std::string& word : Split(PrepositionList())) prepositions_.insert(word);
  for (const std::string& word : Split(FunctionWordList())) function_words_.insert(word);
}

std::vector<std::string_view> WordClasses::Categories() {
  std::vector<std::string_view> names;
  for (const WordList& list : CategoryLists()) names.push_back(list.category);
  return names;
}

WordClass WordClasses::ClassOf(const std::string& word, bool is_before_content,
                               bool is_phrase_end) const {
  if (prepositions_.contains(word)) return WordClass::kPreposition;
  if (function_words_.contains(word)) return WordClass::kOther;
  const auto listed = categories_.find(word);
  // Colours are adjectives here even where WordNet's texts have them as nouns.
  const bool is_colour = listed != categories_.end() && Contains(listed->second, "colour") &&
                         !word.starts_with("colo") && word != "hue" && word != "rainbow";
  if (is_colour) return WordClass::kAdjective;
  if (senses_ == nullptr) return ClassByEnding(word);
  const auto uses = senses_->UsesOf(word);
  const auto is_possible = [&](size_t part) { return uses[part] >= 0; };
  static constexpr std::array kOrder = {WordNet::kNoun, WordNet::kAdjective, WordNet::kVerb,
                                        WordNet::kAdverb};
  static constexpr std::array kClasses = {WordClass::kNoun, WordClass::kVerb, WordClass::kAdjective,
                                          WordClass::kAdverb};
  size_t most_used = WordNet::kNoun;
  int64_t most = -1;
  for (const size_t part : kOrder) {
    if (uses[part] > most) most = uses[most_used = part];
  }
  if (most < 0) return ClassByEnding(word);
  if (is_before_content && is_possible(WordNet::kAdjective)) return WordClass::kAdjective;
  const bool is_verb_form =
      most_used == WordNet::kVerb && (word.ends_with("ing") || word.ends_with("ed"));
  if (is_phrase_end && is_possible(WordNet::kNoun) && !is_verb_form) return WordClass::kNoun;
  return kClasses[most_used];
}

std::vector<std::string_view> WordClasses::CategoriesOf(const std::string& word,
                                                        WordClass word_class) const {
  for (const std::string& form : {word, WordForm(word)}) {
    const auto listed = categories_.find(form);
    if (listed != categories_.end()) return listed->second;
  }
  if (senses_ == nullptr || word_class != WordClass::kNoun) return {};
  const std::string_view category = CategoryOfField(senses_->FieldOf(WordForm(word)));
  if (category.empty()) return {};
  return {category};
}

std::vector<ClassifiedWord> WordClasses::Classify(std::string_view text) const {
  const std::vector<std::string> tokens = Tokenize(text);
  const auto is_word = [](const std::string& token) { return !WordsOf(token).empty(); };
  const auto is_content = [&](size_t i) {
    return i < tokens.size() && is_word(tokens[i]) && !prepositions_.contains(tokens[i]) &&
           !function_words_.contains(tokens[i]);
  };
  std::vector<ClassifiedWord> words;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!is_word(tokens[i])) continue;
    const bool is_before_content = is_content(i + 1);
    const WordClass word_class = ClassOf(tokens[i], is_before_content, !is_before_content);
    words.push_back({tokens[i], word_class, CategoriesOf(tokens[i], word_class)});
  }
  return words;
}

}  // namespace milan
