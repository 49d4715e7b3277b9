#include "milan/evaluate/reliability.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "milan/evaluate/content_words.h"
#include "milan/text/unit_list.h"

namespace milan {
namespace {

constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

double Part(int64_t some, int64_t all) {
  return all > 0 ? static_cast<double>(some) / static_cast<double>(all) : kUndefined;
}

int64_t CountRight(std::span<const JudgedDescription> judged) {
  return std::count_if(judged.begin(), judged.end(),
                       [](const JudgedDescription& one) { return one.is_right; });
}

}  // namespace

std::vector<ReliabilityBin> ReliabilityBins(std::span<const JudgedDescription> judged, int count) {
  MILAN_CHECK(count >= 1, "a reliability diagram needs bins");
  std::vector<ReliabilityBin> bins;
  for (int i = 0; i < count; ++i) {
    bins.push_back({static_cast<double>(i) / count, static_cast<double>(i + 1) / count});
  }
  for (const JudgedDescription& one : judged) {
    const int place = std::clamp(static_cast<int>(one.confidence * count), 0, count - 1);
    ReliabilityBin& bin = bins[static_cast<size_t>(place)];
    ++bin.units;
    bin.confidence += one.confidence;
    bin.right += one.is_right ? 1 : 0;
  }
  for (ReliabilityBin& bin : bins) {
    if (bin.units == 0) continue;
    bin.confidence /= static_cast<double>(bin.units);
    bin.right /= static_cast<double>(bin.units);
  }
  return bins;
}

double ExpectedCalibrationError(std::span<const ReliabilityBin> bins) {
  double sum = 0;
  int64_t units = 0;
  for (const ReliabilityBin& bin : bins) {
    sum += static_cast<double>(bin.units) * std::abs(bin.confidence - bin.right);
    units += bin.units;
  }
  return units > 0 ? sum / static_cast<double>(units) : kUndefined;
}

double ChanceCalibrationError(std::span<const JudgedDescription> judged, uint64_t seed) {
  if (judged.empty()) return kUndefined;
  constexpr int kTrials = 200;
  Random random(seed);
  std::vector<JudgedDescription> drawn(judged.begin(), judged.end());
  double sum = 0;
  for (int i = 0; i < kTrials; ++i) {
    for (JudgedDescription& one : drawn) one.is_right = random.Uniform() < one.confidence;
    sum += ExpectedCalibrationError(ReliabilityBins(drawn));
  }
  return sum / kTrials;
}

double AreaUnderCurve(std::span<const JudgedDescription> judged) {
  std::vector<JudgedDescription> sorted(judged.begin(), judged.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.confidence < b.confidence; });
  const int64_t right = CountRight(sorted);
  const auto wrong = static_cast<int64_t>(sorted.size()) - right;
  if (right == 0 || wrong == 0) return kUndefined;
  // Wrong ones below each right one; of equal confidences half of them.
  double pairs = 0;
  int64_t wrong_below = 0;
  for (size_t first = 0; first < sorted.size();) {
    size_t last = first;
    int64_t right_here = 0;
    for (; last < sorted.size() && sorted[last].confidence == sorted[first].confidence; ++last) {
      right_here += sorted[last].is_right ? 1 : 0;
    }
    const auto wrong_here = static_cast<int64_t>(last - first) - right_here;
    pairs += static_cast<double>(right_here) *
             (static_cast<double>(wrong_below) + 0.5 * static_cast<double>(wrong_here));
    wrong_below += wrong_here;
    first = last;
  }
  return pairs / (static_cast<double>(right) * static_cast<double>(wrong));
}

bool IsRight(double content_word_f1, double right_f1) {
  constexpr double kRounding = 1e-9;
  return content_word_f1 >= right_f1 - kRounding;
}

std::vector<JudgedDescription> Judge(const Descriptions& descriptions, const EvaluationData& data,
                                     double right_f1) {
  std::map<UnitName, double> confidences;
  for (const UnitDescription& unit : descriptions.units) {
    if (unit.confidence) confidences[{unit.layer, unit.unit}] = *unit.confidence;
  }
  std::vector<JudgedDescription> judged;
  for (const EvaluatedUnit& unit : data.units) {
    const auto found = confidences.find({unit.layer, unit.unit});
    if (found == confidences.end()) continue;
    const double agreement = ContentWordF1(unit.predictions.front(), unit.references);
    judged.push_back({found->second, IsRight(agreement, right_f1)});
  }
  return judged;
}

CalibrationSummary SummarizeReliability(std::span<const JudgedDescription> judged, double threshold,
                                        uint64_t seed) {
  CalibrationSummary summary;
  summary.threshold = threshold;
  summary.units = static_cast<int64_t>(judged.size());
  summary.base_rate = Part(CountRight(judged), summary.units);
  summary.bins = ReliabilityBins(judged);
  summary.error = ExpectedCalibrationError(summary.bins);
  summary.chance_error = ChanceCalibrationError(judged, seed);
  summary.auc = AreaUnderCurve(judged);
  int64_t passed = 0;
  int64_t right = 0;
  for (const JudgedDescription& one : judged) {
    if (!(one.confidence >= threshold)) continue;
    ++passed;
    right += one.is_right ? 1 : 0;
  }
  summary.coverage = Part(passed, summary.units);
  summary.precision = Part(right, passed);
  return summary;
}

}  // namespace milan
