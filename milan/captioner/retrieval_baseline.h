#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/captioner/encoder.h"
#include "milan/captioner/train.h"
#include "milan/exemplar/run.h"
#include "milan/text/descriptions.h"
#include "milan/text/unit_list.h"

namespace milan {

struct RetrievalOptions {
  /// Annotated networks whose units are looked up. To leave one network out, do not give it here.
  std::vector<TrainingSource> sources;
  std::string split = "train";                                 ///< Of their annotations.
  std::vector<std::string> certainties = {"clear", "partly"};  ///< Empty: all.
  /// Folder in which the units' features are kept for the next time, in half precision; empty:
  /// nowhere, and they are not rounded.
  Path cache;
  int workers = 0;  ///< 0: one per processor. Affects speed only.
};

/// What a captioner must beat: a unit gets the annotation of the training unit most like it, by the
/// cosine of their region features, averaged over the exemplars and standardised by the training
/// units. Of several annotations of a unit the first is taken. Immutable.
class RetrievalBaseline {
 public:
  /// Computes the features of all training units. `encoder` must outlive the result. Throws kInput
  /// when the sources have no annotation of that split and certainty.
  static RetrievalBaseline Build(const Encoder& encoder, RetrievalOptions options,
                                 Progress& progress);

  /// Descriptions of these units of a run, in their order; those without exemplars (dead, constant
  /// or invalid) get no text. Throws kUsage naming a layer or unit that the run does not have.
  Descriptions Describe(const Run& run, const std::vector<UnitName>& units,
                        Progress& progress) const;

  size_t size() const { return texts_.size(); }  ///< Training units.

 private:
  RetrievalBaseline(const Encoder& encoder, RetrievalOptions options)
      : encoder_(&encoder), options_(std::move(options)) {}
  void AddSource(const TrainingSource& source, Progress& progress);
  /// Finds mean and scale of the features and puts every row into these terms, of length 1.
  void StandardizeAll();
  void Standardize(std::span<float> row) const;

  const Encoder* encoder_;
  RetrievalOptions options_;
  std::vector<std::string> texts_;
  std::vector<float> features_;  ///< [texts, features], standardised rows of length 1.
  std::vector<double> mean_;     ///< [features]
  std::vector<double> scale_;    ///< [features], > 0
};

/// Region features [units, features] averaged over each unit's exemplars; zeros for a unit without
/// any. Read from and kept in `cache` unless that is empty.
Array MeanRegionFeatures(const Run& run, const std::vector<UnitName>& units, const Encoder& encoder,
                         const Path& cache, int workers, Progress& progress);

}  // namespace milan
