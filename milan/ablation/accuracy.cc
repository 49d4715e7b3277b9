#include "milan/ablation/accuracy.h"

#include <cmath>

namespace milan {
namespace {

constexpr int32_t kTop = 5;

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Verdict Judge(std::span<const float> outputs, int32_t label) {
  Verdict verdict;
  verdict.output = outputs[label];
  verdict.rank = 0;
  const bool label_is_nan = std::isnan(verdict.output);
  for (int32_t i = 0; i < std::ssize(outputs); ++i) {
    const float output = outputs[i];
    if (std::isnan(output)) {
      if (label_is_nan && i < label) ++verdict.rank;
      continue;
    }
    if (verdict.best < 0 || output > outputs[verdict.best]) verdict.best = i;
    const bool is_before = output > verdict.output || (output == verdict.output && i < label);
    if (label_is_nan || is_before) ++verdict.rank;
  }
  return verdict;
}

void Accuracy::Add(const Verdict& verdict) {
  if (verdict.rank < 0) return;
  ++photos;
  if (std::isnan(verdict.output)) return;
  if (verdict.rank == 0) ++top1;
  if (verdict.rank < kTop) ++top5;
}

double Accuracy::Top1() const { return Share(top1, photos); }
double Accuracy::Top5() const { return Share(top5, photos); }

Accuracy AccuracyOf(std::span<const Verdict> verdicts) {
  Accuracy accuracy;
  for (const Verdict& verdict : verdicts) accuracy.Add(verdict);
  return accuracy;
}

std::map<int32_t, Accuracy> AccuracyPerClass(std::span<const Verdict> verdicts,
                                             std::span<const int32_t> labels) {
  std::map<int32_t, Accuracy> classes;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].rank >= 0) classes[labels[i]].Add(verdicts[i]);
  }
  return classes;
}

}  // namespace milan
