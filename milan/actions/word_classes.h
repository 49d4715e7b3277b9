#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "milan/actions/senses.h"

namespace milan {

enum class WordClass { kNoun, kVerb, kAdjective, kAdverb, kPreposition, kOther };
std::string ToString(WordClass word_class);  ///< "noun", "verb", ..., "other"

struct ClassifiedWord {
  std::string text;  ///< Small letters.
  WordClass word_class = WordClass::kOther;
  std::vector<std::string_view> categories;  ///< Of Categories(); may be several or none.
};

/// Tells parts of speech and categories of the words of short descriptions.
///
/// Parts of speech are by lists and by how WordNet's texts use a word, with two rules of context: a
/// word that may be an adjective is one right before another content word, and one that may be a
/// noun is one at the end of a phrase. That is no parser: counts over many descriptions are meant,
/// not single words. Categories come from lists of milan's own; nouns that are in none have that of
/// WordNet's field (animals, people, plants, artifacts as objects, ...). Without WordNet, words
/// that are in no list are taken for nouns unless they end in -ly, -ed or -ing.
class WordClasses {
 public:
  /// `senses` may be null; not owned.
  explicit WordClasses(const Senses* senses);

  /// "colour", "texture", "shape", "part", "relation", "text", "person", "animal", "plant", "food",
  /// "object", "scene", "material".
  static std::vector<std::string_view> Categories();

  std::vector<ClassifiedWord> Classify(std::string_view text) const;

 private:
  WordClass ClassOf(const std::string& word, bool is_before_content, bool is_phrase_end) const;
  std::vector<std::string_view> CategoriesOf(const std::string& word, WordClass word_class) const;

  const Senses* senses_;
  std::unordered_map<std::string, std::vector<std::string_view>> categories_;  ///< By word form.
  std::unordered_set<std::string> prepositions_;
  std::unordered_set<std::string> function_words_;
};

}  // namespace milan
