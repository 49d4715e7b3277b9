#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace milan {

/// A text and how many units it was given to.
struct RepeatedText {
  std::string text;
  int64_t units = 0;
};

/// How far descriptions tell units apart. Texts are equal when their words are (lower case,
/// punctuation at the ends and space do not count).
struct Distinctness {
  int64_t units = 0;     ///< With a text.
  int64_t distinct = 0;  ///< Different texts.
  double entropy = 0;    ///< Of the text of a random unit, in bits: 0 when all are equal.
  double most_bits = 0;  ///< log2(units): the entropy when no two are equal.
  std::vector<RepeatedText> most_frequent;  ///< Given to several units, the most frequent first.

  double DistinctShare() const {
    return units == 0 ? 0 : static_cast<double>(distinct) / static_cast<double>(units);
  }
};

/// Units with an empty text are left out. At most `examples` repeated texts are named, equally
/// frequent ones in the order of the alphabet.
Distinctness CountDistinct(std::span<const std::string> texts, size_t examples = 5);

}  // namespace milan
