#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "milan/base/file.h"

namespace milan {

/// The synonyms of WordNet, read from the files of its dict folder: index.noun, .verb, .adj, .adv
/// (lemmas with the sets of synonyms they belong to) and noun.exc, ... (irregular forms).
/// Immutable, thread-safe.
class WordNet {
 public:
  /// Where Debian's package wordnet-base puts the files.
  static constexpr const char* kDebianFolder = "/usr/share/wordnet";

  /// Throws kInput naming the file (missing, or a line that is no entry) and the line.
  static WordNet Read(const Path& folder);

  /// The sets of synonyms that a word belongs to, as any part of speech, itself or by its base
  /// forms ("dogs" and "dog", "ran" and "run"); sorted. Empty for a word that WordNet lacks.
  std::vector<int64_t> Synsets(const std::string& word) const;

  /// Those of one part of speech, the word's own before those of its base forms, each in
  /// WordNet's order: the most frequent sense first. An id is the offset in data.<part> * kParts +
  /// part.
  std::vector<int64_t> Senses(size_t part, const std::string& word) const;
  static constexpr size_t kNoun = 0;
  static constexpr size_t kVerb = 1;
  static constexpr size_t kAdjective = 2;
  static constexpr size_t kAdverb = 3;
  static constexpr int64_t kParts = 4;

  /// True when the two words share a set of synonyms.
  bool AreSynonyms(const std::string& a, const std::string& b) const;

 private:
  /// What one part of speech holds.
  struct Part {
    std::unordered_map<std::string, std::vector<int64_t>> synsets;  ///< By lemma.
    std::unordered_map<std::string, std::vector<std::string>> exceptions;
  };
  void AppendSynsets(size_t part, const std::string& word, std::vector<int64_t>& synsets) const;

  std::array<Part, 4> parts_;
};

}  // namespace milan
