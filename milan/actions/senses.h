#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "milan/base/file.h"
#include "milan/evaluate/word_net.h"

namespace milan {

/// What WordNet says of a word beyond its synonyms: what kind of thing a noun is, and as which part
/// of speech a word is used most. Read from the same dict folder (data.noun, cntlist.rev).
/// Immutable, thread-safe.
class Senses {
 public:
  /// Throws kInput naming the file and the line as WordNet::Read. Without cntlist.rev all words
  /// count as never seen.
  static Senses Read(const Path& folder);

  const WordNet& words() const { return words_; }

  /// The field that the most frequent sense of a noun belongs to, by the name that WordNet's manual
  /// gives it (lexnames(5WN)) without "noun.": "animal", "artifact", "body", ... Empty for words
  /// that are no nouns.
  std::string_view FieldOf(const std::string& noun) const;

  /// True when the most frequent senses of both nouns are the same set of synonyms.
  bool MeanTheSame(const std::string& a, const std::string& b) const;
  /// True when the most frequent sense of `noun` is a kind of that of `general` (a man is a kind of
  /// person), at any distance; not when they mean the same.
  bool IsKindOf(const std::string& noun, const std::string& general) const;

  /// True when WordNet's texts use the word as a noun at least as often as anything else: "white"
  /// may be a person, but seldom is.
  bool IsMostlyNoun(const std::string& word) const;

  /// How often each part of speech (WordNet::kNoun, ...) of a word, itself or by its base forms,
  /// was seen in WordNet's texts; -1 where it is none of that part.
  std::array<int64_t, WordNet::kParts> UsesOf(const std::string& word) const;

 private:
  struct Noun {
    uint8_t field = 0;
    std::vector<int64_t> kinds_of;  ///< Sets of synonyms that are more general.
  };
  void ReadNouns(const Path& file);
  void ReadCounts(const Path& file);
  int64_t FirstSense(const std::string& noun) const;  ///< -1: none.

  WordNet words_;
  std::unordered_map<int64_t, Noun> nouns_;
  std::unordered_map<std::string, std::array<int64_t, WordNet::kParts>> counts_;  ///< By lemma.
};

}  // namespace milan
