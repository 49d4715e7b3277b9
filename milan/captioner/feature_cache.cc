#include "milan/captioner/feature_cache.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/safetensors.h"

namespace milan {
namespace {

constexpr const char* kUnits = "units";
constexpr const char* kFeatures = "features";

/// Everything that region features depend on, but for layer and unit.
std::string SourceOf(const RunManifest& run, const Encoder& encoder) {
  std::ostringstream text;
  text << encoder.hash() << '\n'
       << run.network_hash << '\n'
       << run.photos_hash << '\n'
       << ToJsonText(run.preprocessing) << '\n'
       << run.k << ' ' << run.quantile << '\n';
  for (const RunDirections& set : run.directions) {
    text << set.layer << ' ' << set.weight.hash << ' ' << (set.bias ? set.bias->hash : "") << ' '
         << (set.center ? set.center->hash : "") << ' ' << set.relu << '\n';
  }
  return text.str();
}

/// One layer's file.
class KeptLayer {
 public:
  KeptLayer(const Path& path, int64_t k, int64_t size)
      : file_(path), features_(file_.At(kFeatures)) {
    const std::vector<int64_t> units = file_.At(kUnits).As<int64_t>();
    const Shape expected = {static_cast<int64_t>(units.size()), k, size};
    if (features_.shape != expected || features_.type != DataType::kF16) {
      throw InputError(path.string() + ": has features of " + ToString(features_.type) + " " +
                       ToString(features_.shape) + ", expected F16 " + ToString(expected) +
                       "; delete the file");
    }
    for (size_t row = 0; row < units.size(); ++row) rows_[units[row]] = row;
  }

  const std::map<int64_t, size_t>& rows() const { return rows_; }

  /// The features [k, features] of a unit that is there.
  std::vector<float> Of(int64_t unit) const {
    const size_t bytes = features_.bytes.size() / rows_.size();
    return TensorView{DataType::kF16,
                      {features_.shape[1], features_.shape[2]},
                      features_.bytes.subspan(rows_.at(unit) * bytes, bytes)}
        .AsFloats();
  }

 private:
  SafetensorsFile file_;
  const TensorView& features_;
  std::map<int64_t, size_t> rows_;  ///< By unit.
};

}  // namespace

FeatureCache::FeatureCache(Path folder, const RunManifest& run, const Encoder& encoder)
    : folder_(std::move(folder)),
      source_(SourceOf(run, encoder)),
      k_(run.k),
      size_(encoder.feature_size()) {}

Path FeatureCache::FileOf(const std::string& layer) const {
  return folder_ / ("features-" + HashText(source_ + layer) + ".safetensors");
}

std::vector<UnitName> FeatureCache::Missing(const std::vector<UnitName>& units) const {
  std::map<std::string, std::set<int64_t>> layers;
  for (const UnitName& unit : units) layers[unit.layer].insert(unit.unit);
  std::vector<UnitName> missing;
  for (auto& [layer, wanted] : layers) {
    const Path path = FileOf(layer);
    if (std::filesystem::exists(path)) {
      const KeptLayer kept(path, k_, size_);
      for (const auto& [unit, row] : kept.rows()) wanted.erase(unit);
    }
    for (const int64_t unit : wanted) missing.push_back({layer, unit});
  }
  return missing;
}

void FeatureCache::Keep(const std::vector<UnitName>& units, const Array& features) const {
  const auto stride = static_cast<size_t>(k_ * size_);
  CreateFolder(folder_);
  for (size_t first = 0; first < units.size();) {
    const std::string& layer = units[first].layer;
    const Path path = FileOf(layer);
    std::map<int64_t, std::vector<float>> rows;
    if (std::filesystem::exists(path)) {
      const KeptLayer kept(path, k_, size_);
      for (const auto& [unit, row] : kept.rows()) rows[unit] = kept.Of(unit);
    }
    for (; first < units.size() && units[first].layer == layer; ++first) {
      const auto row = std::span(features.values).subspan(first * stride, stride);
      rows[units[first].unit].assign(row.begin(), row.end());
    }
    std::vector<int64_t> numbers;
    std::vector<float> values;
    values.reserve(rows.size() * stride);
    for (const auto& [unit, row] : rows) {
      numbers.push_back(unit);
      values.insert(values.end(), row.begin(), row.end());
    }
    const auto count = static_cast<int64_t>(numbers.size());
    SafetensorsWriter writer;
    writer.Add(kUnits, {count}, std::span<const int64_t>(numbers));
    writer.AddAsHalf(kFeatures, {count, k_, size_}, values);
    writer.Write(path);
  }
}

Array FeatureCache::Features(const std::vector<UnitName>& units, const Compute& compute) const {
  const std::vector<UnitName> missing = Missing(units);
  if (!missing.empty()) Keep(missing, compute(missing));
  Array features{{static_cast<int64_t>(units.size()), k_, size_}, {}};
  features.values.resize(static_cast<size_t>(ElementCount(features.shape)));
  const auto stride = static_cast<ptrdiff_t>(k_ * size_);
  std::map<std::string, KeptLayer> layers;
  for (size_t i = 0; i < units.size(); ++i) {
    auto layer = layers.find(units[i].layer);
    if (layer == layers.end()) {
      layer = layers.try_emplace(units[i].layer, FileOf(units[i].layer), k_, size_).first;
    }
    const std::vector<float> row = layer->second.Of(units[i].unit);
    std::copy(row.begin(), row.end(), features.values.begin() + static_cast<ptrdiff_t>(i) * stride);
  }
  return features;
}

}  // namespace milan
