#include "milan/evaluate/unit_retrieval.h"

#include <algorithm>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

/// `count` different numbers below `size`, none of them `but`. REQUIRES: count < size.
std::vector<size_t> DrawOthers(size_t count, size_t size, size_t but, Random& random) {
  std::vector<size_t> others;
  for (size_t i = 0; i < size; ++i) {
    if (i != but) others.push_back(i);
  }
  for (size_t i = 0; i < count; ++i) {
    std::swap(others[i], others[i + random.Below(others.size() - i)]);
  }
  others.resize(count);
  return others;
}

RetrievedUnit Ranked(size_t nearer, size_t tied) {
  RetrievedUnit result;
  for (size_t place = 0; place <= tied; ++place) {
    result.reciprocal_rank += 1.0 / static_cast<double>(nearer + place + 1);
  }
  result.reciprocal_rank /= static_cast<double>(tied + 1);
  if (nearer == 0) result.is_first = 1.0 / static_cast<double>(tied + 1);
  return result;
}

}  // namespace

std::vector<RetrievedUnit> RetrieveUnits(std::span<const Query> queries,
                                         std::span<const std::vector<std::string>> pool,
                                         const Nearness& nearness,
                                         const RetrievalSettings& settings) {
  MILAN_CHECK(settings.candidates > 0, "units are sought among candidates");
  std::vector<RetrievedUnit> results;
  results.reserve(queries.size());
  for (const Query& query : queries) {
    MILAN_CHECK(query.unit < pool.size(), "a query for a unit outside the pool");
    // By unit, not by place in the list: a unit meets the same rivals in every set of descriptions.
    Random random(settings.seed * 0x9E3779B97F4A7C15ULL + query.unit);
    const size_t rivals = std::min(static_cast<size_t>(settings.candidates), pool.size()) - 1;
    const double own = nearness(query.text, query.references);
    size_t nearer = 0;
    size_t tied = 0;
    for (const size_t other : DrawOthers(rivals, pool.size(), query.unit, random)) {
      const double theirs = nearness(query.text, pool[other]);
      if (theirs > own) ++nearer;
      if (theirs == own) ++tied;
    }
    results.push_back(Ranked(nearer, tied));
  }
  return results;
}

}  // namespace milan
