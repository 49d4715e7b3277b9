#include "milan/captioner/training_data.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <sstream>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/captioner/feature_cache.h"
#include "milan/captioner/milannotations.h"
#include "milan/captioner/region_features.h"
#include "milan/text/annotations.h"

namespace milan {
namespace {

constexpr const char* kTrain = "train";
constexpr const char* kVal = "val";

/// Puts the units of a file without splits into train or val, all texts of a unit into the same: by
/// a hash, so that neither order nor number of the units matters.
void HoldOut(double part, uint64_t seed, std::vector<Annotation>& annotations) {
  constexpr size_t kDigits = 8;
  for (Annotation& annotation : annotations) {
    const std::string hash = HashText(annotation.layer + '\n' + std::to_string(annotation.unit) +
                                      '\n' + std::to_string(seed));
    const double place =
        static_cast<double>(std::stoull(hash.substr(0, kDigits), nullptr, 16)) * 0x1.0p-32;
    annotation.split = place < part ? kVal : kTrain;
  }
}

bool IsChosen(const Annotation& annotation, const std::vector<std::string>& certainties) {
  if (annotation.split != kTrain && annotation.split != kVal) return false;
  return annotation.certainty.empty() || std::find(certainties.begin(), certainties.end(),
                                                   annotation.certainty) != certainties.end();
}

using UnitsOfLayers = std::map<std::string, std::map<int64_t, AnnotatedUnit>>;

UnitsOfLayers GroupByUnit(const Path& file, const TrainOptions& options, Progress& progress) {
  UnitsOfLayers layers;
  std::vector<Annotation> annotations = ReadAnnotations(file);
  const bool has_splits =
      std::any_of(annotations.begin(), annotations.end(),
                  [](const Annotation& annotation) { return !annotation.split.empty(); });
  if (!has_splits) {
    HoldOut(options.hold_out, options.seed, annotations);
    progress.Note(file.string() + ": has no splits; " +
                  std::to_string(std::lround(100 * options.hold_out)) +
                  " % of the units are held out for validation");
  }
  for (const Annotation& annotation : annotations) {
    if (!IsChosen(annotation, options.certainties)) continue;
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
int64_t AppendLayer(const Path& file, const RunLayer& layer,
                    const std::function<bool(int64_t)>& is_usable,
                    const std::map<int64_t, AnnotatedUnit>& units,
                    std::vector<AnnotatedUnit>& result) {
  int64_t left_out = 0;
  for (const auto& [index, unit] : units) {
    if (index < 0 || index >= layer.units) {
      throw InputError(file.string() + ": layer '" + layer.name + "' has no unit " +
                       std::to_string(index) + " in the run (" + std::to_string(layer.units) +
                       " units)");
    }
    if (is_usable(index)) {
      result.push_back(unit);
    } else {
      ++left_out;
    }
  }
  return left_out;
}

AnnotatedRun OpenSource(const TrainingSource& source) {
  AnnotatedRun annotated;
  if (IsMilanLayout(source.run)) {
    annotated.originals = std::make_shared<MilanExemplars>(OpenMilanExemplars(source.run));
    annotated.run = annotated.originals->run;
  } else {
    annotated.run = OpenRun(source.run);
  }
  annotated.annotations_hash = HashFile(source.annotations);
  return annotated;
}

/// Whether units of the `index`-th layer have exemplars that say something.
std::function<bool(int64_t)> UsableUnits(const AnnotatedRun& annotated, size_t index) {
  if (annotated.originals != nullptr) {
    const MilanLayer& layer = annotated.originals->layers[index];
    return [&layer](int64_t unit) { return IsUsable(layer, unit); };
  }
  const auto exemplars = std::make_shared<ExemplarSet>(
      annotated.run.Exemplars(annotated.run.manifest.layers[index].name));
  return [exemplars](int64_t unit) { return exemplars->IsDescribable(unit); };
}

AnnotatedRun ReadSource(const TrainingSource& source, const TrainOptions& options,
                        Progress& progress) {
  AnnotatedRun annotated = OpenSource(source);
  UnitsOfLayers layers = GroupByUnit(source.annotations, options, progress);
  int64_t left_out = 0;
  for (size_t i = 0; i < annotated.run.manifest.layers.size(); ++i) {
    const RunLayer& layer = annotated.run.manifest.layers[i];
    auto units = layers.extract(layer.name);
    if (units.empty()) continue;
    left_out += AppendLayer(source.annotations, layer, UsableUnits(annotated, i), units.mapped(),
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
  std::vector<UnitName> units;
  for (const AnnotatedUnit& unit : annotated.units) units.push_back({unit.layer, unit.unit});
  const FeatureCache cache(folder, annotated.run.manifest, encoder);
  return cache.Features(units, [&](const std::vector<UnitName>& missing) {
    return annotated.originals != nullptr
               ? ComputeRegionFeatures(*annotated.originals, missing, encoder, workers, progress)
               : ComputeRegionFeatures(annotated.run, missing, encoder, workers, progress);
  });
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
