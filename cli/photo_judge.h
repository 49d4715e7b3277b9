#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/classifier_step.h"
#include "cli/terminal.h"
#include "milan/ablation/ablator.h"
#include "milan/actions/targeted_edit.h"

namespace milan {

/// What all photos are judged with. Its parts must outlive what is made of it.
struct JudgeSetting {
  const Classifier& classifier;
  const std::vector<UnitAxis>& layers;  ///< That may be edited.
  const AblationOptions& options;
  Terminal& terminal;
};

/// Judges edits of a classifier on some photos of a set: those with a label. All that it is made of
/// must outlive it, and it what it returns.
class PhotoJudge {
 public:
  PhotoJudge(const JudgeSetting& setting, const LabelledPhotos& photos,
             std::vector<int32_t> labels);

  /// Judges them without edits, at once. Throws kInput when the network's output is not one number
  /// per class, or no photo is labelled and whole.
  JudgedPhotos As(const std::string& name) const;

 private:
  AblationResult Judge(std::span<const EditSet> sets) const;

  JudgeSetting setting_;
  const LabelledPhotos& photos_;
  std::vector<int32_t> labels_;
};

}  // namespace milan
