#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "milan/actions/senses.h"
#include "milan/evaluate/word_vectors.h"

namespace milan {

/// Why a text is taken to speak of a concept, the strongest first.
enum class Evidence {
  kWord,     ///< It has the word itself, whole; plural or singular.
  kSynonym,  ///< WordNet: a noun of the same meaning. Words that are mostly something else, as
             ///< "white", count as no nouns.
  kKind,     ///< WordNet: a noun that is a kind of it ("woman" for person).
  kNear      ///< A word whose vector is near; weaker than the others.
};
std::string ToString(Evidence evidence);  ///< "word", "synonym", "kind", "near"

/// How a text speaks of a concept.
struct ConceptMatch {
  Evidence evidence = Evidence::kWord;
  std::string term;     ///< Of the concept: "person".
  std::string found;    ///< In the text, in small letters: "women".
  double nearness = 1;  ///< Cosine of the two words' vectors; 1 for other evidence.
};

/// What a concept is compared with besides words. Both may be null and are not owned.
struct ConceptResources {
  const Senses* senses = nullptr;
  bool with_kinds = true;  ///< Whether kinds of a term match, not only synonyms.
  const WordVectors* vectors = nullptr;
  double least_nearness = 0.6;  ///< Cosine from which words are near.
};

/// What is looked for in descriptions: terms, any of which will do.
///
/// Terms are separated by '|'. A term is a word or several ("human face"): it matches where its
/// words stand one after the other, each whole, in singular or plural; so "text" finds "texts" and
/// neither "texture" nor "context". A term with any of the characters . * + ? [ ] ( ) { } ^ $ \ is
/// a regular expression (ECMAScript) that is found between word boundaries. A concept that begins
/// with "re:" is one regular expression, '|' and all, found anywhere. Case does not count.
class Concept {
 public:
  /// Throws kUsage naming the term: empty, or no regular expression.
  static Concept Parse(const std::string& text);
  Concept(Concept&&) noexcept;
  Concept& operator=(Concept&&) noexcept;
  ~Concept();

  const std::string& text() const { return text_; }
  /// The terms as they were given.
  std::vector<std::string> Terms() const;

  /// The strongest evidence that `text` speaks of the concept, or nothing. Only terms that are
  /// single words have synonyms, kinds and near words.
  std::optional<ConceptMatch> Match(std::string_view text, const ConceptResources& resources) const;
  /// What looking for the letters of the terms anywhere would find, as "text" in "texture": for
  /// comparison only. False where no term is plain words.
  bool MatchesAsSubstring(std::string_view text) const;

 private:
  struct Term;
  Concept();
  static Term MakeTerm(const std::string& text, bool is_whole_pattern);

  std::string text_;
  std::vector<Term> terms_;
};

/// The word that stands for its forms: the singular, also of common irregular plurals ("people":
/// person, "men": man, "children": child, "teeth": tooth, "leaves": leaf).
std::string WordForm(const std::string& word);

/// The tokens of a text that are words, in small letters.
std::vector<std::string> WordsOf(std::string_view text);

}  // namespace milan
