#include "milan/captioner/prefix_tree.h"

#include <map>
#include <utility>

namespace milan {

PrefixTree MakePrefixTree(const std::vector<std::vector<int>>& sequences, int start) {
  PrefixTree tree{{{{start}, {0}}}, std::vector<std::vector<size_t>>(sequences.size())};
  bool any = true;
  for (size_t t = 0; any; ++t) {
    any = false;
    PrefixLevel level;
    std::map<std::pair<size_t, int>, size_t> known;
    for (size_t i = 0; i < sequences.size(); ++i) {
      if (sequences[i].size() <= t) continue;
      any = true;
      const size_t parent = t == 0 ? 0 : tree.places[i][t - 1];
      const int token = sequences[i][t];
      const auto [place, is_new] = known.try_emplace({parent, token}, level.tokens.size());
      if (is_new) {
        level.tokens.push_back(token);
        level.parents.push_back(static_cast<int64_t>(parent));
      }
      tree.places[i].push_back(place->second);
    }
    if (any) tree.levels.push_back(std::move(level));
  }
  return tree;
}

}  // namespace milan
