#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/text/annotations.h"
#include "milan/text/descriptions.h"

namespace milan {

/// One unit with what is said of it and what should be.
struct EvaluatedUnit {
  std::string layer;
  int64_t unit = 0;
  /// One text per set of descriptions; empty when milan gave none (a dead unit).
  std::vector<std::string> predictions;
  /// What the annotators wrote, in the order of the file; at least one.
  std::vector<std::string> references;
  std::string certainty;  ///< Of the first of them; empty when not said.
};

/// All that an evaluation is made of.
struct EvaluationData {
  std::vector<std::string> names;  ///< Of the sets of descriptions, parallel to `predictions`.
  std::vector<EvaluatedUnit> units;
  /// Of the training split, and without a split those of units that are not evaluated: from them
  /// the constant description is chosen.
  std::vector<std::string> training_texts;
};

/// Descriptions with the name under which they are evaluated.
struct NamedDescriptions {
  std::string name;
  Descriptions descriptions;
};

/// Which annotations take part. An empty split name or an empty list of certainties takes all.
struct AnnotationFilter {
  std::string split = "val";
  std::string train_split = "train";
  std::vector<std::string> certainties = {"clear", "partly"};
};

/// The annotated units of the chosen split that every set of descriptions covers, in the order of
/// the annotations. Annotations that do not say their split or certainty pass every filter of it.
/// Throws kInput when no unit is left, naming what there is.
EvaluationData Join(std::span<const NamedDescriptions> described,
                    const std::vector<Annotation>& annotations, const AnnotationFilter& filter);

}  // namespace milan
