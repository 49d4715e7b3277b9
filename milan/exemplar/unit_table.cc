#include "milan/exemplar/unit_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "milan/base/csv.h"

namespace milan {
namespace {

constexpr double kDuplicateCorrelation = 0.99;

std::vector<int32_t> PhotosOf(const ExemplarSet& set, int64_t unit) {
  const auto first = set.photo_ids.begin() + unit * set.k;
  std::vector<int32_t> photos(first, first + set.CountOf(unit));
  std::sort(photos.begin(), photos.end());
  return photos;
}

std::vector<float> MapsInPhotoOrder(const ExemplarSet& set, int64_t unit) {
  std::vector<std::pair<int32_t, int64_t>> order;
  for (int64_t rank = 0; rank < set.CountOf(unit); ++rank) {
    order.emplace_back(set.PhotoId(unit, rank), rank);
  }
  std::sort(order.begin(), order.end());
  std::vector<float> values;
  for (const auto& [photo, rank] : order) {
    const std::vector<float> map = set.Map(unit, rank);
    values.insert(values.end(), map.begin(), map.end());
  }
  return values;
}

/// The maps with mean 0 and length 1, so that the product of two is Pearson's correlation; zeros
/// where they do not vary.
std::vector<float> StandardMaps(const ExemplarSet& set, int64_t unit) {
  std::vector<float> values = MapsInPhotoOrder(set, unit);
  const double mean =
      std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0;
  for (const float value : values) squares += (value - mean) * (value - mean);
  const double scale = squares > 0 ? 1 / std::sqrt(squares) : 0;
  for (float& value : values) value = static_cast<float>((value - mean) * scale);
  return values;
}

/// A unit that duplicates no earlier one.
struct Original {
  int64_t unit = 0;
  std::vector<float> maps;  ///< StandardMaps, from the first comparison on.
};

/// The first of the originals that the unit duplicates, or -1: then it becomes one itself.
int64_t FindOriginal(const ExemplarSet& set, int64_t unit, std::vector<Original>& originals) {
  Original candidate = {unit, {}};
  if (!originals.empty()) candidate.maps = StandardMaps(set, unit);
  for (Original& original : originals) {
    if (original.maps.empty()) original.maps = StandardMaps(set, original.unit);
    const double correlation = std::inner_product(candidate.maps.begin(), candidate.maps.end(),
                                                  original.maps.begin(), 0.0);
    if (correlation > kDuplicateCorrelation) return original.unit;
  }
  originals.push_back(std::move(candidate));
  return -1;
}

}  // namespace

std::vector<UnitFacts> FactsOf(const ExemplarSet& exemplars) {
  std::map<std::vector<int32_t>, std::vector<Original>> originals;  // by their photos
  std::vector<UnitFacts> facts;
  for (int64_t unit = 0; unit < exemplars.units; ++unit) {
    UnitFacts& fact = facts.emplace_back();
    fact.layer = exemplars.layer;
    fact.unit = unit;
    fact.state = exemplars.states[unit];
    fact.is_saturated = exemplars.IsSaturated(unit);
    if (fact.state != UnitState::kAlive) continue;
    fact.duplicate_of = FindOriginal(exemplars, unit, originals[PhotosOf(exemplars, unit)]);
  }
  return facts;
}

UnitCounts Count(const std::vector<UnitFacts>& facts) {
  UnitCounts counts;
  if (!facts.empty()) counts.layer = facts.front().layer;
  counts.units = std::ssize(facts);
  for (const UnitFacts& fact : facts) {
    counts.dead += fact.state == UnitState::kDead ? 1 : 0;
    counts.constant += fact.state == UnitState::kConstant ? 1 : 0;
    counts.invalid += fact.state == UnitState::kInvalid ? 1 : 0;
    counts.saturated += fact.is_saturated ? 1 : 0;
    counts.duplicates += fact.duplicate_of >= 0 ? 1 : 0;
  }
  return counts;
}

std::string ToCsv(const std::vector<UnitFacts>& facts) {
  const bool has_names = std::any_of(facts.begin(), facts.end(),
                                     [](const UnitFacts& fact) { return !fact.name.empty(); });
  std::string text = "layer,unit,state,saturated,duplicate_of";
  text += has_names ? ",name\n" : "\n";
  for (const UnitFacts& fact : facts) {
    std::vector<std::string> fields = {
        fact.layer, std::to_string(fact.unit), ToString(fact.state),
        fact.is_saturated ? "yes" : "no",
        fact.duplicate_of < 0 ? "" : std::to_string(fact.duplicate_of)};
    if (has_names) fields.push_back(fact.name);
    text += CsvLine(fields);
  }
  return text;
}

}  // namespace milan
