#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/network_step.h"
#include "milan/ablation/ablator.h"
#include "milan/image/photo_set.h"

namespace milan {

/// How the user says what a classifier's outputs mean.
struct ClassOptions {
  std::string classes;  ///< File of class names; empty: the sidecar's.
  std::string logits;   ///< Value with one number per class; empty: the first output.
};
void AddClassOptions(CLI::App& command, ClassOptions& options);

/// A network that judges photos. Its parts are what an AblationInput refers to.
struct Classifier {
  PreparedNetwork prepared;
  std::vector<std::string> classes;  ///< Names; may be empty.
  std::string output;
};
Classifier PrepareClassifierWithClasses(const Path& network, const ClassOptions& classes,
                                        const PreprocessingOptions& preprocessing,
                                        Terminal& terminal);

/// Photos with their classes; -1: no label.
struct LabelledPhotos {
  PhotoSet photos;
  std::vector<int32_t> labels;

  int64_t Labelled() const;
};
/// Labels from `csv`, or when it is empty from the folders. Throws kInput as these do.
LabelledPhotos OpenLabelledPhotos(const Path& path, const std::string& csv,
                                  const Classifier& classifier);

/// Those of a run's layers that any of the patterns selects (names, globs, re:REGEX), in order.
/// Throws kUsage with the nearest names.
std::vector<RunLayer> SelectRunLayers(const std::vector<RunLayer>& layers,
                                      const std::vector<std::string>& patterns);

/// Those of a run's layers that the network has; the others are warned of. Throws kInput when it
/// has none of them.
std::vector<RunLayer> PresentLayers(const Classifier& classifier,
                                    const std::vector<RunLayer>& layers, Terminal& terminal);

/// Where the units of the named layers lie. Throws kUsage naming a layer that the network lacks, or
/// that has another number of units than `units` says there.
std::vector<UnitAxis> AxesOf(const Classifier& classifier, const std::vector<RunLayer>& layers);

}  // namespace milan
