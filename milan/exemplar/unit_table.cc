#include "milan/exemplar/unit_table.h"

#include <algorithm>
#include <cmath>
#include <map>

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

/// Pearson's; 0 when one of the two does not vary.
double Correlation(const std::vector<float>& a, const std::vector<float>& b) {
  const auto count = static_cast<double>(a.size());
  double mean_a = 0;
  double mean_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / count;
    mean_b += b[i] / count;
  }
  double covariance = 0;
  double variance_a = 0;
  double variance_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    covariance += (a[i] - mean_a) * (b[i] - mean_b);
    variance_a += (a[i] - mean_a) * (a[i] - mean_a);
    variance_b += (b[i] - mean_b) * (b[i] - mean_b);
  }
  const double scale = std::sqrt(variance_a * variance_b);
  return scale > 0 ? covariance / scale : 0;
}

/// The first of `earlier` that the unit duplicates, or -1.
int64_t FindOriginal(const ExemplarSet& set, int64_t unit, const std::vector<int64_t>& earlier) {
  if (earlier.empty()) return -1;
  const std::vector<float> maps = MapsInPhotoOrder(set, unit);
  const auto found = std::find_if(earlier.begin(), earlier.end(), [&](int64_t other) {
    return Correlation(maps, MapsInPhotoOrder(set, other)) > kDuplicateCorrelation;
  });
  return found == earlier.end() ? -1 : *found;
}

}  // namespace

std::vector<UnitFacts> FactsOf(const ExemplarSet& exemplars) {
  std::map<std::vector<int32_t>, std::vector<int64_t>> originals;  // by their photos
  std::vector<UnitFacts> facts;
  for (int64_t unit = 0; unit < exemplars.units; ++unit) {
    UnitFacts& fact = facts.emplace_back();
    fact.layer = exemplars.layer;
    fact.unit = unit;
    fact.state = exemplars.states[unit];
    fact.is_saturated = exemplars.IsSaturated(unit);
    if (fact.state != UnitState::kAlive) continue;
    std::vector<int64_t>& earlier = originals[PhotosOf(exemplars, unit)];
    fact.duplicate_of = FindOriginal(exemplars, unit, earlier);
    if (fact.duplicate_of < 0) earlier.push_back(unit);
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
  std::string text = "layer,unit,state,saturated,duplicate_of\n";
  for (const UnitFacts& fact : facts) {
    text += CsvLine({fact.layer, std::to_string(fact.unit), ToString(fact.state),
                     fact.is_saturated ? "yes" : "no",
                     fact.duplicate_of < 0 ? "" : std::to_string(fact.duplicate_of)});
  }
  return text;
}

}  // namespace milan
