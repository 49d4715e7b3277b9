#include "cli/evaluation_confidence.h"

#include <optional>
#include <span>

#include <fmt/core.h>

#include "milan/evaluate/reliability.h"

namespace milan {

std::string ConfidenceTable(const std::vector<EvaluatedNetwork>& networks,
                            const AnnotationFilter& filter) {
  std::vector<JudgedDescription> judged;
  std::optional<CalibrationSummary> calibration;
  for (const EvaluatedNetwork& network : networks) {
    const Descriptions& descriptions = network.described.front().descriptions;
    if (!descriptions.calibration) continue;
    if (!calibration) calibration = descriptions.calibration;
    const EvaluationData data =
        Join(std::span(network.described).first(1), network.annotations, filter);
    for (const JudgedDescription& one : Judge(descriptions, data, calibration->right_f1)) {
      judged.push_back(one);
    }
  }
  if (judged.empty()) return "";
  constexpr uint64_t kSeed = 1;
  const CalibrationSummary found = SummarizeReliability(judged, calibration->threshold, kSeed);
  std::string text = fmt::format(
      "\nConfidences (right: content-word F1 of {:.2f} or more; docs/confidence.md):\n\n"
      "| units | right | ECE | ECE by chance | AUC | threshold | coverage | right of these |\n"
      "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
      "| {} | {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.3f} | {:.3f} |\n",
      calibration->right_f1, found.units, found.base_rate, found.error, found.chance_error,
      found.auc, found.threshold, found.coverage, found.precision);
  return text;
}

}  // namespace milan
