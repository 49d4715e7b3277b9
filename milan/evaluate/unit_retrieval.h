#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace milan {

/// How near a text is to a unit's references.
using Nearness =
    std::function<double(const std::string& text, const std::vector<std::string>& references)>;

struct RetrievalSettings {
  uint64_t seed = 1;
  int candidates = 100;  ///< Units among which the described one is sought, itself included.
};

/// Where a unit was found by its description.
struct RetrievedUnit {
  double reciprocal_rank = 0;  ///< 1 / rank, the mean over the ranks that ties allow.
  double is_first = 0;         ///< 1 when it is the nearest; 1 / n when it ties with n - 1 others.
};

/// A description with the unit it was given to (an index into the pool) and that unit's references.
struct Query {
  std::string text;
  size_t unit = 0;
  std::vector<std::string> references;
};

/// For each query, the unit is ranked among candidates: itself (by the query's references) and
/// units of the pool drawn at random without replacement (by theirs), all of the pool when it is
/// smaller than `settings.candidates`. A description that suits every unit alike gets what chance
/// gives.
std::vector<RetrievedUnit> RetrieveUnits(std::span<const Query> queries,
                                         std::span<const std::vector<std::string>> pool,
                                         const Nearness& nearness,
                                         const RetrievalSettings& settings);

}  // namespace milan
