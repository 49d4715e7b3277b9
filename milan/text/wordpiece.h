#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "milan/base/file.h"

namespace milan {

/// The WordPiece tokenizer of BERT and its kin: a text is split at white space and around
/// punctuation, and every word into the longest pieces that the vocabulary has, from left to right
/// ("units" gives un ##its); a word that cannot be made of pieces is unknown.
///
/// A vocabulary without upper-case letters is of an uncased model: then letters become lower case
/// and lose their accents (Latin letters up to U+017F).
class WordPiece {
 public:
  /// `vocabulary`: vocab.txt, one piece a line, ids from 0. Throws kInput naming the file: missing,
  /// a piece twice, [CLS], [SEP] or [UNK] missing.
  static WordPiece Read(const Path& vocabulary);
  /// `name` stands for the file in errors.
  static WordPiece FromPieces(const std::vector<std::string>& pieces, const std::string& name);

  /// Ids of [CLS], the pieces, [SEP]; at most `longest` in all, further pieces are dropped.
  /// REQUIRES: longest >= 2.
  std::vector<int64_t> Encode(std::string_view text, size_t longest = 512) const;
  bool IsCased() const { return is_cased_; }
  size_t size() const { return ids_.size(); }

 private:
  WordPiece() = default;
  void AppendPieces(const std::u32string& word, std::vector<int64_t>& ids) const;

  std::unordered_map<std::string, int64_t> ids_;
  bool is_cased_ = false;
  int64_t begin_ = 0;
  int64_t end_ = 0;
  int64_t unknown_ = 0;
};

}  // namespace milan
