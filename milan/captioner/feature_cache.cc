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

}  // namespace

FeatureCache::FeatureCache(Path folder, const RunManifest& run, const Encoder& encoder)
    : folder_(std::move(folder)),
      source_(SourceOf(run, encoder)),
      k_(run.k),
      size_(encoder.feature_size()) {}

Path FeatureCache::FileOf(const std::string& layer) const {
  return folder_ / ("features-" + HashText(source_ + layer) + ".safetensors");
}

void FeatureCache::Keep(std::span<const UnitName> units, std::span<const float> features) const {
  const Path path = FileOf(units.front().layer);
  const size_t stride = features.size() / units.size();
  std::map<int64_t, std::vector<float>> rows;
  // Opened anew, so that what another process has kept meanwhile stays.
  const KeptLayer kept(path, k_, size_);
  for (const auto& [unit, row] : kept.rows()) rows[unit] = kept.Of(unit);
  for (size_t i = 0; i < units.size(); ++i) {
    const auto row = features.subspan(i * stride, stride);
    rows[units[i].unit].assign(row.begin(), row.end());
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

std::vector<float> FeatureCache::ComputeAndKeep(const std::vector<UnitName>& units,
                                                const Compute& compute) const {
  std::vector<float> values = compute(units).values;
  for (float& value : values) value = FromHalf(ToHalf(value));
  CreateFolder(folder_);
  const size_t stride = values.size() / units.size();
  for (size_t first = 0; first < units.size();) {
    size_t end = first;
    while (end < units.size() && units[end].layer == units[first].layer) ++end;
    const size_t count = end - first;
    Keep(std::span(units).subspan(first, count),
         std::span(values).subspan(first * stride, count * stride));
    first = end;
  }
  return values;
}

Array FeatureCache::Features(const std::vector<UnitName>& units, const Compute& compute) const {
  std::map<std::string, KeptLayer> kept;
  std::map<UnitName, size_t> missing;  // by layer and unit; then with its row of what is computed
  for (const UnitName& unit : units) {
    auto layer = kept.find(unit.layer);
    if (layer == kept.end()) {
      layer = kept.try_emplace(unit.layer, FileOf(unit.layer), k_, size_).first;
    }
    if (!layer->second.rows().contains(unit.unit)) missing[unit] = 0;
  }
  std::vector<UnitName> names;
  for (auto& [unit, row] : missing) {
    row = names.size();
    names.push_back(unit);
  }
  const std::vector<float> computed =
      names.empty() ? std::vector<float>() : ComputeAndKeep(names, compute);

  const auto stride = static_cast<size_t>(k_ * size_);
  Array features{{static_cast<int64_t>(units.size()), k_, size_}, {}};
  features.values.reserve(units.size() * stride);
  const auto append = [&features](std::span<const float> row) {
    features.values.insert(features.values.end(), row.begin(), row.end());
  };
  for (const UnitName& unit : units) {
    if (const auto found = missing.find(unit); found != missing.end()) {
      append(std::span(computed).subspan(found->second * stride, stride));
    } else {
      append(kept.at(unit.layer).Of(unit.unit));
    }
  }
  return features;
}

}  // namespace milan
