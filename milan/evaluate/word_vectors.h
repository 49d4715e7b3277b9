#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"

namespace milan {

/// Static word embeddings (such as GloVe) for comparing words.
///
/// The mean of all vectors is subtracted and each is scaled to length 1: static embeddings share a
/// large common direction that makes any two words look alike.
class WordVectors {
 public:
  /// `words`: one word a line; `vectors`: .npy of [words, size]. Throws kInput naming the file.
  static WordVectors Read(const Path& words, const Path& vectors);
  /// REQUIRES: `vectors` is [words.size(), size].
  WordVectors(const std::vector<std::string>& words, Array vectors);

  /// Vector of a word, of its singular where the word itself is not known, or nothing.
  std::span<const float> Find(const std::string& word) const;

 private:
  Array vectors_;
  std::unordered_map<std::string, size_t> rows_;
};

}  // namespace milan
