#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace milan {

/// The tokens of sequences at one position, each once per different beginning.
struct PrefixLevel {
  std::vector<int64_t> tokens;   ///< The last token of each beginning.
  std::vector<int64_t> parents;  ///< The beginning in the level before that it extends.
};

/// All beginnings of `sequences`, the shared ones once: what is computed token by token need not be
/// computed again for each text of a beam. Level 0 is the start token alone.
struct PrefixTree {
  std::vector<PrefixLevel> levels;
  /// Of each sequence, its beginnings' places in levels 1, 2, ...
  std::vector<std::vector<size_t>> places;
};

PrefixTree MakePrefixTree(const std::vector<std::vector<int>>& sequences, int start);

}  // namespace milan
