#pragma once

// Private to this module: which words descriptions of units are made of, by category. Written for
// milan; WordNet fills in what is not listed (word_classes.h). Singular, in small letters.

#include <span>
#include <string_view>

namespace milan {

struct WordList {
  std::string_view category;
  std::string_view words;  ///< Separated by spaces.
};

/// A word may be in several lists.
std::span<const WordList> CategoryLists();
/// Words that say where something is, or to what it belongs: prepositions of descriptions.
std::string_view PrepositionList();
/// Articles, pronouns, conjunctions, auxiliaries: neither nouns, verbs, adjectives nor adverbs
/// here.
std::string_view FunctionWordList();

}  // namespace milan
