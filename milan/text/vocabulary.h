#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace milan {

/// The words a captioner knows and their ids: words are 0 .. W-1, then the special ids start, stop,
/// pad and unknown follow.
class Vocabulary {
 public:
  /// Tokens of all texts by descending count, ties by first appearance; those seen fewer than
  /// `min_count` times are left out.
  static Vocabulary Build(const std::vector<std::string>& texts, int min_count = 1);
  /// `words` in the order of their ids. Throws kInput when a word is empty or occurs twice.
  static Vocabulary FromTokens(std::vector<std::string> words);

  /// Number of ids, specials included.
  int size() const { return WordCount() + 4; }
  int start() const { return WordCount(); }
  int stop() const { return WordCount() + 1; }
  int pad() const { return WordCount() + 2; }
  int unknown() const { return WordCount() + 3; }
  const std::vector<std::string>& words() const { return words_; }

  /// Ids of the tokens of `text` (tokenizer.h), `unknown()` for those not known; no start or stop.
  std::vector<int> Encode(std::string_view text) const;
  /// Words of ids up to the first stop; other specials are dropped. Throws kInternal for an id
  /// outside the vocabulary.
  std::vector<std::string> Words(std::span<const int> ids) const;
  /// The words as text (Detokenize).
  std::string Decode(std::span<const int> ids) const;

 private:
  explicit Vocabulary(std::vector<std::string> words);
  int WordCount() const { return static_cast<int>(words_.size()); }

  std::vector<std::string> words_;
  std::unordered_map<std::string, int> ids_;
};

}  // namespace milan
