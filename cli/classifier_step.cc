#include "cli/classifier_step.h"

#include <algorithm>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "milan/ablation/labels.h"
#include "milan/base/error.h"

namespace milan {

void AddClassOptions(CLI::App& command, ClassOptions& options) {
  command.add_option("--classes", options.classes,
                     "Class names, one per line in the order of the outputs (default: the file "
                     "that the sidecar's \"labels\" names)");
  command.add_option("--logits", options.logits,
                     "The value with one number per class (default: the network's first output)");
}

Classifier PrepareClassifierWithClasses(const Path& network, const ClassOptions& classes,
                                        const PreprocessingOptions& preprocessing,
                                        Terminal& terminal) {
  Classifier classifier{PrepareClassifier(network, preprocessing, terminal), {}, classes.logits};
  if (!classes.classes.empty()) {
    classifier.classes = ReadClassNames(classes.classes);
  } else if (const auto sidecar = ChooseSidecar(network, preprocessing)) {
    classifier.classes = SidecarClassNames(*sidecar);
  }
  if (classifier.output.empty()) {
    classifier.output = classifier.prepared.network.Outputs().front().name;
  }
  return classifier;
}

int64_t LabelledPhotos::Labelled() const {
  return std::count_if(labels.begin(), labels.end(), [](int32_t label) { return label >= 0; });
}

LabelledPhotos OpenLabelledPhotos(const Path& path, const std::string& csv,
                                  const Classifier& classifier) {
  LabelledPhotos labelled{OpenPhotoSet(path), {}};
  labelled.labels = ResolveLabels(
      csv.empty() ? LabelsFromFolders(labelled.photos) : LabelsFromCsv(csv, labelled.photos),
      classifier.classes, labelled.photos);
  return labelled;
}

std::vector<RunLayer> SelectRunLayers(const std::vector<RunLayer>& layers,
                                      const std::vector<std::string>& patterns) {
  if (patterns.empty()) return {};
  std::vector<Layer> candidates;
  for (const RunLayer& layer : layers) {
    Layer candidate;
    candidate.name = layer.name;
    candidate.layout = Layout::kMap;
    candidate.units = layer.units;
    candidates.push_back(std::move(candidate));
  }
  std::vector<RunLayer> selected;
  for (const Layer& layer : SelectLayers(candidates, patterns)) {
    selected.push_back(*std::find_if(layers.begin(), layers.end(),
                                     [&](const auto& known) { return known.name == layer.name; }));
  }
  return selected;
}

std::vector<RunLayer> PresentLayers(const Classifier& classifier,
                                    const std::vector<RunLayer>& layers, Terminal& terminal) {
  std::vector<RunLayer> present;
  std::vector<std::string> absent;
  for (const RunLayer& layer : layers) {
    const auto& all = classifier.prepared.layers;
    const bool is_there = std::any_of(all.begin(), all.end(), [&](const Layer& candidate) {
      return candidate.name == layer.name && candidate.IsDescribable();
    });
    if (is_there) {
      present.push_back(layer);
    } else {
      absent.push_back(layer.name);
    }
  }
  if (present.empty()) {
    throw InputError(
        fmt::format("the network '{}' has none of the run's layers ({}): the run is of "
                    "another network",
                    classifier.prepared.network.name(), fmt::join(absent, ", ")));
  }
  if (!absent.empty()) {
    terminal.Warn(fmt::format("the network has no layer {}: left out", fmt::join(absent, ", ")));
  }
  return present;
}

std::vector<UnitAxis> AxesOf(const Classifier& classifier, const std::vector<RunLayer>& layers) {
  std::vector<UnitAxis> axes;
  for (const RunLayer& wanted : layers) {
    const Layer layer = SelectLayers(classifier.prepared.layers, {wanted.name}).front();
    if (layer.units != wanted.units) {
      throw UsageError(fmt::format(
          "layer '{}' has {} units in the network and {} in the run: the run is of another network",
          wanted.name, layer.units, wanted.units));
    }
    axes.push_back(UnitAxisOf(layer));
  }
  return axes;
}

}  // namespace milan
