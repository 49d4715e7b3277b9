#include "milan/captioner/feature_cache.h"

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
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

/// Everything that region features of a run depend on, but for layer and unit.
std::string SourceOf(const RunManifest& run, const Encoder& encoder) {
  std::ostringstream text;
  text << encoder.hash() << '\n'
       << run.network_hash << '\n'
       << run.photos_hash << '\n'
       << ToJsonText(run.preprocessing) << '\n'
       << run.k << ' ' << run.quantile << ' ' << ToString(run.border) << '\n';
  for (const auto& [name, value] : run.constants) text << name << '=' << value << '\n';
  for (const RunLayer& layer : run.layers) {
    text << layer.name << ' ' << ToString(layer.view) << '\n';
  }
  for (const RunDirections& set : run.directions) {
    text << set.layer << ' ' << set.of << ' ' << set.weight.hash << ' '
         << (set.bias ? set.bias->hash : "") << ' ' << (set.center ? set.center->hash : "") << ' '
         << set.relu << '\n';
  }
  return text.str();
}

/// One layer's file as it was when it was opened, whatever becomes of its name.
class KeptLayer {
 public:
  /// Of the file at `path`; without one, no unit.
  KeptLayer(const Path& path, int64_t k, int64_t size) : row_bytes_(RowBytes(k, size)) {
    if (!std::filesystem::exists(path)) return;
    file_.emplace(path);
    const TensorView& units = file_->At(kUnits);
    features_ = &file_->At(kFeatures);
    if (units.type != DataType::kI64 || units.shape.size() != 1 ||
        features_->type != DataType::kF16 || features_->shape != Shape{units.shape[0], k, size}) {
      throw Damaged(path);
    }
    const std::vector<int64_t> numbers = units.As<int64_t>();
    for (size_t row = 0; row < numbers.size(); ++row) rows_[numbers[row]] = row;
    if (rows_.size() != numbers.size()) throw Damaged(path);
  }

  const std::map<int64_t, size_t>& rows() const { return rows_; }

  /// The features [k, features] of a unit that is there.
  std::vector<float> Of(int64_t unit) const {
    return TensorView{DataType::kF16,
                      {features_->shape[1], features_->shape[2]},
                      features_->bytes.subspan(rows_.at(unit) * row_bytes_, row_bytes_)}
        .AsFloats();
  }

 private:
  static size_t RowBytes(int64_t k, int64_t size) {
    return static_cast<size_t>(k * size) * SizeOf(DataType::kF16);
  }
  static Error Damaged(const Path& path) {
    return InputError(path.string() + ": does not hold features of these sizes; delete the file");
  }

  size_t row_bytes_;
  std::optional<SafetensorsFile> file_;
  const TensorView* features_ = nullptr;
  std::map<int64_t, size_t> rows_;  ///< By unit.
};

std::vector<float> RoundedToHalf(std::span<const float> values) {
  std::vector<float> rounded;
  rounded.reserve(values.size());
  for (const float value : values) rounded.push_back(FromHalf(ToHalf(value)));
  return rounded;
}

}  // namespace

FeatureCache::FeatureCache(Path folder, const RunManifest& run, const Encoder& encoder)
    : folder_(std::move(folder)),
      source_(SourceOf(run, encoder)),
      k_(run.k),
      size_(encoder.feature_size()) {}

Path FeatureCache::FileOf(const std::string& layer) const {
  return folder_ / ("features-" + HashText(source_ + layer) + ".safetensors");
}

void FeatureCache::Keep(const std::string& layer, const Rows& added) const {
  CreateFolder(folder_);
  // Opened anew, so that what another process has kept meanwhile stays.
  const KeptLayer kept(FileOf(layer), k_, size_);
  Rows rows = added;
  for (const auto& [unit, row] : kept.rows()) rows.try_emplace(unit, kept.Of(unit));
  std::vector<int64_t> units;
  std::vector<float> values;
  values.reserve(rows.size() * static_cast<size_t>(k_ * size_));
  for (const auto& [unit, row] : rows) {
    units.push_back(unit);
    values.insert(values.end(), row.begin(), row.end());
  }
  const auto count = static_cast<int64_t>(units.size());
  SafetensorsWriter writer;
  writer.Add(kUnits, {count}, std::span<const int64_t>(units));
  writer.AddAsHalf(kFeatures, {count, k_, size_}, values);
  writer.Write(FileOf(layer));
}

std::map<std::string, FeatureCache::Rows> FeatureCache::Kept(
    const std::vector<UnitName>& units) const {
  std::map<std::string, Rows> layers;
  for (const UnitName& unit : units) layers[unit.layer].try_emplace(unit.unit);
  for (auto& [layer, rows] : layers) {
    const KeptLayer kept(FileOf(layer), k_, size_);
    for (auto& [unit, row] : rows) {
      if (kept.rows().contains(unit)) row = kept.Of(unit);
    }
  }
  return layers;
}

Array FeatureCache::Features(const std::vector<UnitName>& units, const Compute& compute) const {
  std::map<std::string, Rows> layers = Kept(units);
  std::vector<UnitName> missing;
  for (const auto& [layer, rows] : layers) {
    for (const auto& [unit, row] : rows) {
      if (row.empty()) missing.push_back({layer, unit});
    }
  }
  const auto stride = static_cast<size_t>(k_ * size_);
  if (!missing.empty()) {
    const Array computed = compute(missing);
    std::map<std::string, Rows> added;
    for (size_t i = 0; i < missing.size(); ++i) {
      std::vector<float> row =
          RoundedToHalf(std::span(computed.values).subspan(i * stride, stride));
      layers[missing[i].layer][missing[i].unit] = row;
      added[missing[i].layer][missing[i].unit] = std::move(row);
    }
    for (const auto& [layer, rows] : added) Keep(layer, rows);
  }
  Array features{{static_cast<int64_t>(units.size()), k_, size_}, {}};
  features.values.reserve(units.size() * stride);
  for (const UnitName& unit : units) {
    const std::vector<float>& row = layers[unit.layer][unit.unit];
    features.values.insert(features.values.end(), row.begin(), row.end());
  }
  return features;
}

}  // namespace milan
