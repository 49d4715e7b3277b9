#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "milan/actions/word_classes.h"
#include "milan/evaluate/word_vectors.h"

namespace milan {

/// A number that a description has.
struct Property {
  std::string name;
  std::string meaning;  ///< One line, for tables and help.
  std::function<double(const std::string& text)> value;
};

/// What properties are computed with. `classes` must not be null; not owned, must outlive them.
struct PropertyResources {
  const WordClasses* classes = nullptr;
  const WordVectors* vectors = nullptr;  ///< For "spread"; may be null.
};

/// The property of that name:
/// - "nouns", "verbs", "adjectives", "adverbs", "prepositions": how many words are such;
/// - "words", "characters": length;
/// - a category of WordClasses: how many words belong to it;
/// - "spread": the largest squared distance between the vectors of two content words (2 - 2 cos of
///   the centred vectors; 0 with fewer than two known ones): how much a text mixes;
/// - "re:REGEX": 1 where it is found (ECMAScript, letters' case ignored), else 0.
/// Throws kUsage naming the known ones; also for "spread" without vectors.
Property MakeProperty(const std::string& name, const PropertyResources& resources);

/// All properties of fixed name that the resources allow, in the order above.
std::vector<std::string> PropertyNames(const PropertyResources& resources);

/// What is analysed when the user does not say.
std::vector<std::string> DefaultProperties();

/// How many texts have at least one word of each category, in the order of Categories().
std::vector<int64_t> CountCategories(std::span<const std::string> texts,
                                     const WordClasses& classes);

}  // namespace milan
