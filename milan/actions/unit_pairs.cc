#include "milan/actions/unit_pairs.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "milan/actions/significance.h"
#include "milan/base/error.h"

namespace milan {
namespace {

/// What a photo is known by in both runs: its content, or its name where that was not read.
std::string KeyOf(const PhotoRecord& photo) {
  return photo.hash.empty() ? "name:" + photo.name : photo.hash;
}

using PhotoNumbers = std::unordered_map<std::string, int64_t>;

PhotoNumbers CommonPhotos(const Run& a, const Run& b) {
  std::set<std::string> of_b;
  for (const PhotoRecord& photo : b.photos) of_b.insert(KeyOf(photo));
  PhotoNumbers numbers;
  for (const PhotoRecord& photo : a.photos) {
    const std::string key = KeyOf(photo);
    if (of_b.contains(key)) numbers.emplace(key, std::ssize(numbers));
  }
  return numbers;
}

std::vector<UnitPhotos> PhotosOf(const Run& run, const std::string& layer,
                                 const PhotoNumbers& numbers) {
  const ExemplarSet set = run.Exemplars(layer);
  std::vector<UnitPhotos> units;
  for (int64_t unit = 0; unit < set.units; ++unit) {
    if (set.states[unit] != UnitState::kAlive) continue;
    std::set<int64_t> photos;
    for (int64_t rank = 0; rank < set.CountOf(unit); ++rank) {
      const auto found = numbers.find(KeyOf(run.photos.at(set.PhotoId(unit, rank))));
      if (found != numbers.end()) photos.insert(found->second);
    }
    units.push_back({{layer, unit}, {photos.begin(), photos.end()}});
  }
  return units;
}

/// For each unit of `a`, the first of `b` with most photos in common, and how many; -1 for none.
struct Nearest {
  int64_t unit = -1;
  int64_t shared = 0;
};
std::vector<Nearest> NearestOf(std::span<const UnitPhotos> a, std::span<const UnitPhotos> b) {
  std::unordered_map<int64_t, std::vector<int64_t>> units_of_photo;
  for (int64_t unit = 0; unit < std::ssize(b); ++unit) {
    for (const int64_t photo : b[unit].photos) units_of_photo[photo].push_back(unit);
  }
  std::vector<Nearest> nearest(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    std::map<int64_t, int64_t> shared;
    for (const int64_t photo : a[i].photos) {
      const auto found = units_of_photo.find(photo);
      if (found == units_of_photo.end()) continue;
      for (const int64_t unit : found->second) ++shared[unit];
    }
    for (const auto& [unit, count] : shared) {
      if (count > nearest[i].shared) nearest[i] = {unit, count};
    }
  }
  return nearest;
}

/// Names of layers to be paired: of `a`, of `b`.
std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> LayersToPair(
    const Run& a, const Run& b) {
  std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> groups;
  std::vector<std::string> all_a;
  std::vector<std::string> all_b;
  for (const RunLayer& layer : b.manifest.layers) all_b.push_back(layer.name);
  for (const RunLayer& layer : a.manifest.layers) {
    all_a.push_back(layer.name);
    if (std::find(all_b.begin(), all_b.end(), layer.name) == all_b.end()) continue;
    groups.push_back({{layer.name}, {layer.name}});
  }
  if (groups.empty()) groups.emplace_back(all_a, all_b);
  return groups;
}

}  // namespace

std::vector<UnitPair> PairByPhotos(std::span<const UnitPhotos> a, std::span<const UnitPhotos> b,
                                   int64_t photo_count) {
  const std::vector<Nearest> of_a = NearestOf(a, b);
  const std::vector<Nearest> of_b = NearestOf(b, a);
  const double candidates = static_cast<double>(a.size()) * static_cast<double>(b.size());
  std::vector<UnitPair> pairs;
  for (int64_t i = 0; i < std::ssize(a); ++i) {
    const auto [other, shared] = of_a[i];
    if (other < 0 || of_b[other].unit != i) continue;
    const double chance = HypergeometricTail(photo_count, std::ssize(b[other].photos),
                                             std::ssize(a[i].photos), shared);
    const double p_value = std::min(1.0, chance * candidates);
    if (p_value < kAlpha) pairs.push_back({a[i].unit, b[other].unit, shared, p_value});
  }
  return pairs;
}

std::vector<UnitPair> PairUnits(const Run& a, const Run& b, Progress& progress) {
  const PhotoNumbers numbers = CommonPhotos(a, b);
  if (numbers.size() < 2) {
    throw InputError(b.folder.string() + ": shares no photos with " + a.folder.string() +
                     ": units are paired by the photos that both networks saw");
  }
  const auto groups = LayersToPair(a, b);
  progress.Begin("pairing units", std::ssize(groups), "layers");
  std::vector<UnitPair> pairs;
  for (size_t i = 0; i < groups.size(); ++i) {
    ThrowIfCancelled(progress);
    const auto collect = [&](const Run& run, const std::vector<std::string>& layers) {
      std::vector<UnitPhotos> units;
      for (const std::string& layer : layers) {
        const auto of_layer = PhotosOf(run, layer, numbers);
        units.insert(units.end(), of_layer.begin(), of_layer.end());
      }
      return units;
    };
    const auto of_a = collect(a, groups[i].first);
    const auto of_b = collect(b, groups[i].second);
    const auto found = PairByPhotos(of_a, of_b, std::ssize(numbers));
    pairs.insert(pairs.end(), found.begin(), found.end());
    progress.Update(static_cast<int64_t>(i) + 1);
  }
  progress.End();
  return pairs;
}

}  // namespace milan
