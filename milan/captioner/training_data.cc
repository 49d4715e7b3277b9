#include "milan/captioner/training_data.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/safetensors.h"
#include "milan/captioner/region_features.h"
#include "milan/text/annotations.h"

namespace milan {
namespace {

constexpr const char* kTrain = "train";
constexpr const char* kVal = "val";
constexpr const char* kFeatures = "features";

bool IsChosen(const Annotation& annotation, const std::vector<std::string>& certainties) {
  if (annotation.split != kTrain && annotation.split != kVal) return false;
  return annotation.certainty.empty() || std::find(certainties.begin(), certainties.end(),
                                                   annotation.certainty) != certainties.end();
}

using UnitsOfLayers = std::map<std::string, std::map<int64_t, AnnotatedUnit>>;

UnitsOfLayers GroupByUnit(const Path& file, const std::vector<std::string>& certainties) {
  UnitsOfLayers layers;
  const std::vector<Annotation> annotations = ReadAnnotations(file);
  const bool has_splits =
      std::any_of(annotations.begin(), annotations.end(),
                  [](const Annotation& annotation) { return !annotation.split.empty(); });
  if (!has_splits) {
    throw InputError(file.string() +
                     ": training needs a column 'split' that says train or val for every unit");
  }
  for (const Annotation& annotation : annotations) {
    if (!IsChosen(annotation, certainties)) continue;
    AnnotatedUnit& unit = layers[annotation.layer][annotation.unit];
    const bool validates = annotation.split == kVal;
    if (!unit.texts.empty() && unit.validates != validates) {
      throw InputError(file.string() + ": layer '" + annotation.layer + "' unit " +
                       std::to_string(annotation.unit) + " is in both train and val");
    }
    unit.layer = annotation.layer;
    unit.unit = annotation.unit;
    unit.validates = validates;
    unit.texts.push_back(annotation.text);
  }
  return layers;
}

/// Appends a layer's units that have exemplars; returns how many have none.
int64_t AppendLayer(const Path& file, const ExemplarSet& exemplars,
                    const std::map<int64_t, AnnotatedUnit>& units,
                    std::vector<AnnotatedUnit>& result) {
  int64_t left_out = 0;
  for (const auto& [index, unit] : units) {
    if (index < 0 || index >= exemplars.units) {
      throw InputError(file.string() + ": layer '" + exemplars.layer + "' has no unit " +
                       std::to_string(index) + " in the run (" + std::to_string(exemplars.units) +
                       " units)");
    }
    const bool is_alive = exemplars.states[static_cast<size_t>(index)] == UnitState::kAlive;
    if (is_alive && exemplars.CountOf(index) > 0) {
      result.push_back(unit);
    } else {
      ++left_out;
    }
  }
  return left_out;
}

AnnotatedRun ReadSource(const TrainingSource& source, const TrainOptions& options,
                        Progress& progress) {
  AnnotatedRun annotated{OpenRun(source.run), HashFile(source.annotations), {}};
  UnitsOfLayers layers = GroupByUnit(source.annotations, options.certainties);
  int64_t left_out = 0;
  for (const RunLayer& layer : annotated.run.manifest.layers) {
    auto units = layers.extract(layer.name);
    if (units.empty()) continue;
    left_out += AppendLayer(source.annotations, annotated.run.Exemplars(layer.name), units.mapped(),
                            annotated.units);
  }
  if (!layers.empty()) {
    throw InputError(source.run.string() + ": the run has no exemplars of layer '" +
                     layers.begin()->first + "', which " + source.annotations.string() +
                     " annotates");
  }
  if (left_out > 0) {
    progress.Warn(source.annotations.string() + ": " + std::to_string(left_out) +
                  " annotated units are dead, constant or invalid in " + source.run.string() +
                  " and left out");
  }
  return annotated;
}

void RequireSplit(const std::vector<AnnotatedRun>& runs, bool validates) {
  if (!TextsOf(runs, validates).empty()) return;
  throw InputError(std::string("the annotations have no usable unit of the split '") +
                   (validates ? kVal : kTrain) + "'");
}

/// Everything that region features depend on.
std::string FeaturesHash(const AnnotatedRun& annotated, const Encoder& encoder) {
  const RunManifest& manifest = annotated.run.manifest;
  std::ostringstream text;
  text << encoder.hash() << '\n'
       << manifest.network_hash << '\n'
       << manifest.photos_hash << '\n'
       << ToJsonText(manifest.preprocessing) << '\n'
       << manifest.k << ' ' << manifest.quantile << '\n';
  for (const RunDirections& set : manifest.directions) {
    text << set.layer << ' ' << set.weight.hash << ' ' << (set.bias ? set.bias->hash : "") << ' '
         << (set.center ? set.center->hash : "") << ' ' << set.relu << '\n';
  }
  for (const AnnotatedUnit& unit : annotated.units) text << unit.layer << ' ' << unit.unit << '\n';
  return HashText(text.str());
}

Array ComputeFeatures(const AnnotatedRun& annotated, const Encoder& encoder, int workers,
                      Progress& progress) {
  std::vector<ExemplarSet> layers;
  std::vector<UnitSelection> selections;
  for (const AnnotatedUnit& unit : annotated.units) {
    if (layers.empty() || layers.back().layer != unit.layer) {
      layers.push_back(annotated.run.Exemplars(unit.layer));
      selections.emplace_back();
    }
    selections.back().units.push_back(unit.unit);
  }
  for (size_t i = 0; i < layers.size(); ++i) selections[i].exemplars = &layers[i];
  return ComputeRegionFeatures(annotated.run, selections, encoder, workers, progress);
}

}  // namespace

std::vector<AnnotatedRun> ReadTrainingData(const TrainOptions& options, Progress& progress) {
  std::vector<AnnotatedRun> runs;
  for (const TrainingSource& source : options.sources) {
    runs.push_back(ReadSource(source, options, progress));
    if (runs.back().run.manifest.k != runs.front().run.manifest.k) {
      throw InputError(source.run.string() + ": has " + std::to_string(runs.back().run.manifest.k) +
                       " exemplars per unit, " + options.sources.front().run.string() + " has " +
                       std::to_string(runs.front().run.manifest.k));
    }
  }
  RequireSplit(runs, false);
  RequireSplit(runs, true);
  return runs;
}

std::vector<std::string> TextsOf(const std::vector<AnnotatedRun>& runs, bool validates) {
  std::vector<std::string> texts;
  for (const AnnotatedRun& run : runs) {
    for (const AnnotatedUnit& unit : run.units) {
      if (unit.validates == validates) {
        texts.insert(texts.end(), unit.texts.begin(), unit.texts.end());
      }
    }
  }
  return texts;
}

Array CachedRegionFeatures(const AnnotatedRun& annotated, const Encoder& encoder,
                           const Path& folder, int workers, Progress& progress) {
  const Path path = folder / ("features-" + FeaturesHash(annotated, encoder) + ".safetensors");
  if (!std::filesystem::exists(path)) {
    const Array features = ComputeFeatures(annotated, encoder, workers, progress);
    SafetensorsWriter writer;
    writer.AddAsHalf(kFeatures, features.shape, features.values);
    writer.Write(path);
  }
  // Read back also when just computed, so that a first and a continued training see the same bits.
  const SafetensorsFile file(path);
  const TensorView& features = file.At(kFeatures);
  const Shape expected = {static_cast<int64_t>(annotated.units.size()), annotated.run.manifest.k,
                          encoder.feature_size()};
  if (features.shape != expected) {
    throw InputError(path.string() + ": has the shape " + ToString(features.shape) + ", expected " +
                     ToString(expected) + "; delete the file");
  }
  return {features.shape, features.AsFloats()};
}

std::vector<std::string> ReadLines(const std::vector<Path>& files) {
  std::vector<std::string> lines;
  for (const Path& file : files) {
    std::istringstream text(ReadFile(file));
    for (std::string line; std::getline(text, line);) {
      if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace milan
