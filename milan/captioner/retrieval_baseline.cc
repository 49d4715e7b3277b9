#include "milan/captioner/retrieval_baseline.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/captioner/feature_cache.h"
#include "milan/captioner/region_features.h"
#include "milan/text/annotations.h"

namespace milan {
namespace {

using Places = std::vector<size_t>;

/// Where each layer's units are in a list of units.
std::map<std::string, Places> PlacesByLayer(const std::vector<UnitName>& units) {
  std::map<std::string, Places> places;
  for (size_t i = 0; i < units.size(); ++i) places[units[i].layer].push_back(i);
  return places;
}

void CheckUnit(const UnitName& unit, const ExemplarSet& exemplars) {
  if (unit.unit >= 0 && unit.unit < exemplars.units) return;
  throw UsageError("the run has no unit " + std::to_string(unit.unit) + " of layer '" + unit.layer +
                   "' (" + std::to_string(exemplars.units) + " units)");
}

/// Mean over the second dimension of `features` [units, k, size], row i into the row places[i].
void ScatterMeans(const Array& features, const Places& places, Array& means) {
  const auto k = static_cast<size_t>(features.shape[1]);
  const auto size = static_cast<size_t>(features.shape[2]);
  for (size_t i = 0; i < places.size(); ++i) {
    for (size_t column = 0; column < size; ++column) {
      double sum = 0;
      for (size_t rank = 0; rank < k; ++rank) {
        sum += features.values[(i * k + rank) * size + column];
      }
      means.values[places[i] * size + column] = static_cast<float>(sum / static_cast<double>(k));
    }
  }
}

/// The units that have exemplars, grouped by layer, and where they are in `units`.
std::pair<std::vector<UnitName>, Places> DescribableUnits(const Run& run,
                                                          const std::vector<UnitName>& units) {
  std::pair<std::vector<UnitName>, Places> describable;
  for (const auto& [layer, in_layer] : PlacesByLayer(units)) {
    const ExemplarSet exemplars = run.Exemplars(layer);
    for (const size_t place : in_layer) {
      CheckUnit(units[place], exemplars);
      if (!exemplars.IsDescribable(units[place].unit)) continue;
      describable.first.push_back(units[place]);
      describable.second.push_back(place);
    }
  }
  return describable;
}

/// Scales to length 1; zeros stay.
void Normalize(std::span<float> row) {
  double square = 0;
  for (const float value : row) square += static_cast<double>(value) * value;
  if (square == 0) return;
  for (float& value : row) value = static_cast<float>(value / std::sqrt(square));
}

bool IsZero(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float value) { return value == 0; });
}

float Dot(std::span<const float> a, std::span<const float> b) {
  float sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

bool IsChosen(const Annotation& annotation, const RetrievalOptions& options) {
  const auto& certainties = options.certainties;
  return annotation.split == options.split &&
         (certainties.empty() || annotation.certainty.empty() ||
          std::find(certainties.begin(), certainties.end(), annotation.certainty) !=
              certainties.end());
}

}  // namespace

Array MeanRegionFeatures(const Run& run, const std::vector<UnitName>& units, const Encoder& encoder,
                         const Path& cache, int workers, Progress& progress) {
  Array means{{static_cast<int64_t>(units.size()), encoder.feature_size()}, {}};
  means.values.resize(static_cast<size_t>(ElementCount(means.shape)));
  const auto [describable, places] = DescribableUnits(run, units);
  if (places.empty()) return means;
  const auto compute = [&](const std::vector<UnitName>& some) {
    return ComputeRegionFeatures(run, some, encoder, workers > 0 ? workers : DefaultWorkers(),
                                 progress);
  };
  ScatterMeans(cache.empty()
                   ? compute(describable)
                   : FeatureCache(cache, run.manifest, encoder).Features(describable, compute),
               places, means);
  return means;
}

RetrievalBaseline RetrievalBaseline::Build(const Encoder& encoder, RetrievalOptions options,
                                           Progress& progress) {
  RetrievalBaseline baseline(encoder, std::move(options));
  for (const TrainingSource& source : baseline.options_.sources) {
    baseline.AddSource(source, progress);
  }
  if (baseline.texts_.empty()) {
    throw InputError("the annotations for the retrieval baseline have no unit of the split '" +
                     baseline.options_.split + "' that the runs hold exemplars of");
  }
  baseline.StandardizeAll();
  return baseline;
}

void RetrievalBaseline::AddSource(const TrainingSource& source, Progress& progress) {
  const Run run = OpenRun(source.run);
  std::map<UnitName, std::string> first_texts;
  for (const Annotation& annotation : ReadAnnotations(source.annotations)) {
    if (!IsChosen(annotation, options_)) continue;
    first_texts.try_emplace({annotation.layer, annotation.unit}, annotation.text);
  }
  std::vector<UnitName> units;
  for (const auto& [unit, text] : first_texts) units.push_back(unit);
  const Array means =
      MeanRegionFeatures(run, units, *encoder_, options_.cache, options_.workers, progress);
  const auto size = static_cast<size_t>(encoder_->feature_size());
  for (size_t i = 0; i < units.size(); ++i) {
    const auto row = std::span(means.values).subspan(i * size, size);
    if (IsZero(row)) continue;
    texts_.push_back(first_texts.at(units[i]));
    features_.insert(features_.end(), row.begin(), row.end());
  }
}

void RetrievalBaseline::StandardizeAll() {
  const size_t size = features_.size() / texts_.size();
  const auto count = static_cast<double>(texts_.size());
  mean_.assign(size, 0);
  scale_.assign(size, 0);
  for (size_t i = 0; i < features_.size(); ++i) mean_[i % size] += features_[i] / count;
  for (size_t i = 0; i < features_.size(); ++i) {
    const double distance = features_[i] - mean_[i % size];
    scale_[i % size] += distance * distance / count;
  }
  // A feature that is the same everywhere tells nothing apart; it must not divide by zero.
  for (double& scale : scale_) scale = scale > 0 ? std::sqrt(scale) : 1;
  for (size_t unit = 0; unit < texts_.size(); ++unit) {
    const auto row = std::span(features_).subspan(unit * size, size);
    Standardize(row);
    Normalize(row);
  }
}

void RetrievalBaseline::Standardize(std::span<float> row) const {
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] = static_cast<float>((row[i] - mean_[i]) / scale_[i]);
  }
}

Descriptions RetrievalBaseline::Describe(const Run& run, const std::vector<UnitName>& units,
                                         Progress& progress) const {
  Descriptions descriptions;
  descriptions.bundle_name = "retrieval";
  Array means =
      MeanRegionFeatures(run, units, *encoder_, options_.cache, options_.workers, progress);
  const auto size = static_cast<size_t>(encoder_->feature_size());
  for (size_t i = 0; i < units.size(); ++i) {
    UnitDescription description;
    description.layer = units[i].layer;
    description.unit = units[i].unit;
    // The length of a unit's own features does not change which one is nearest.
    const auto row = std::span(means.values).subspan(i * size, size);
    description.state = IsZero(row) ? "dead" : "alive";
    if (!IsZero(row)) {
      Standardize(row);
      size_t best = 0;
      float best_dot = -1;
      for (size_t other = 0; other < texts_.size(); ++other) {
        const float dot = Dot(row, std::span(features_).subspan(other * size, size));
        if (other > 0 && dot <= best_dot) continue;
        best = other;
        best_dot = dot;
      }
      description.best.text = texts_[best];
    }
    descriptions.units.push_back(std::move(description));
  }
  return descriptions;
}

}  // namespace milan
