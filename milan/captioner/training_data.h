#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/progress.h"
#include "milan/captioner/encoder.h"
#include "milan/captioner/train.h"
#include "milan/exemplar/run.h"

namespace milan {

/// A unit with what annotators wrote of it.
struct AnnotatedUnit {
  std::string layer;
  int64_t unit = 0;
  bool validates = false;  ///< Of the `val` split; otherwise of `train`.
  std::vector<std::string> texts;
};

struct MilanExemplars;  // milannotations.h

/// A run with its annotated units: layers in the run's order, units ascending.
struct AnnotatedRun {
  Run run;
  std::string annotations_hash;
  std::vector<AnnotatedUnit> units;
  /// Where the exemplars are when they are in the original's layout; then `run` has no files.
  std::shared_ptr<const MilanExemplars> originals;
};

/// Reads the options' sources: the train and val split, certainties as chosen; other splits are
/// left alone. Of a file without a split column the options' part of the units is held out for
/// validation. Units that the run calls dead, constant or invalid are left out with a warning.
/// Throws kInput when a layer or unit is not in the run, or a split is empty.
std::vector<AnnotatedRun> ReadTrainingData(const TrainOptions& options, Progress& progress);

/// All texts of one split.
std::vector<std::string> TextsOf(const std::vector<AnnotatedRun>& runs, bool validates);

/// Region features [units, k, features] of a run's annotated units, rounded to half precision; kept
/// in `folder` and read from there next time.
Array CachedRegionFeatures(const AnnotatedRun& annotated, const Encoder& encoder,
                           const Path& folder, int workers, Progress& progress);

/// The lines of text files, empty ones left out.
std::vector<std::string> ReadLines(const std::vector<Path>& files);

}  // namespace milan
