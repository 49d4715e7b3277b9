#include "cli/photo_judge.h"

#include <utility>

namespace milan {

PhotoJudge::PhotoJudge(const JudgeSetting& setting, const LabelledPhotos& photos,
                       std::vector<int32_t> labels)
    : setting_(setting), photos_(photos), labels_(std::move(labels)) {}

JudgedPhotos PhotoJudge::As(const std::string& name) const {
  return {name, Judge({}).baseline,
          [this](std::span<const EditSet> sets) { return Judge(sets).verdicts; }};
}

AblationResult PhotoJudge::Judge(std::span<const EditSet> sets) const {
  const auto& [classifier, layers, options, terminal] = setting_;
  const std::vector<UnitAxis> none;
  const AblationInput input = {classifier.prepared.network,
                               sets.empty() ? none : layers,
                               classifier.output,
                               photos_.photos,
                               labels_,
                               classifier.prepared.preprocessing};
  if (sets.empty()) return {Ablator(input, options, terminal).baseline(), {}};
  return JudgeEdits(input, sets, options, terminal);
}

}  // namespace milan
