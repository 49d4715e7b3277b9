#include <algorithm>
#include <cctype>
#include <numeric>

#include "milan/network/network.h"

namespace milan {
namespace {

std::string LowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Levenshtein's distance: insertions, deletions and replacements of one character.
size_t EditDistance(const std::string& from, const std::string& to) {
  std::vector<size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= from.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= to.size(); ++j) {
      const size_t replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

struct Nearness {
  bool shares_no_text = true;
  size_t distance = 0;
  auto operator<=>(const Nearness&) const = default;
};

}  // namespace

std::vector<std::string> NearestNames(const std::string& name,
                                      const std::vector<std::string>& candidates, size_t count) {
  // Nobody types longer names by hand, and the distance takes time in the product of the lengths.
  const std::string wanted = LowerCase(name.substr(0, 256));
  std::vector<std::pair<Nearness, const std::string*>> ranked;
  for (const std::string& candidate : candidates) {
    const std::string other = LowerCase(candidate.substr(0, 256));
    const bool contains = other.find(wanted) != std::string::npos ||
                          (!other.empty() && wanted.find(other) != std::string::npos);
    ranked.push_back({{!contains, EditDistance(wanted, other)}, &candidate});
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::string> nearest;
  for (size_t i = 0; i < std::min(count, ranked.size()); ++i) nearest.push_back(*ranked[i].second);
  return nearest;
}

}  // namespace milan
