#include "milan/captioner/calibrate.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/base/random.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/bundle_confidence.h"
#include "milan/captioner/calibration_data.h"
#include "milan/captioner/captioner.h"
#include "milan/captioner/confidence_signals.h"
#include "milan/captioner/torch_tensors.h"
#include "milan/evaluate/content_words.h"
#include "milan/evaluate/reliability.h"

namespace milan {
namespace {

constexpr int64_t kSetsPerBatch = 16;

/// One region of each annotated unit, of as many as fit.
Array ChooseNullRegions(const CalibrationData& data, uint64_t seed) {
  const int64_t k = data.features.shape[1];
  const int64_t size = data.features.shape[2];
  const int64_t rows = std::min(
      {data.annotated, kNullRegionRows, std::max<int64_t>(2, kNullRegionBytes / (2 * size))});
  Random random(seed);
  const auto order = random.Permutation(static_cast<size_t>(data.annotated));
  Array regions{{rows, size}, {}};
  for (int64_t i = 0; i < rows; ++i) {
    const auto unit = static_cast<int64_t>(order[static_cast<size_t>(i)]);
    const int64_t row = unit * k + static_cast<int64_t>(random.Below(static_cast<uint64_t>(k)));
    const auto first = data.features.values.begin() + row * size;
    // As they are read back from the file.
    std::transform(first, first + size, std::back_inserter(regions.values),
                   [](float value) { return FromHalf(ToHalf(value)); });
  }
  return regions;
}

ExaminedDescription ToExamined(const CalibrationSet& set, std::string text, double right_f1) {
  ExaminedDescription examined;
  examined.network = set.network;
  examined.kind = set.kind;
  examined.layer = set.layer;
  examined.unit = set.unit;
  examined.text = std::move(text);
  if (set.kind == kAnnotated) {
    examined.agreement = ContentWordF1(examined.text, set.texts);
    examined.is_right = IsRight(examined.agreement, right_f1);
  }
  return examined;
}

/// Describes all sets. Those for which the captioner has no words are left out.
std::vector<ExaminedDescription> ExamineAll(const Captioner& captioner, const CalibrationData& data,
                                            const Calibration& calibration,
                                            const CalibrateOptions& options, Progress& progress) {
  const SearchOptions search = {options.beam_size, options.length, options.pmi_weight,
                                options.criterion};
  const torch::Tensor features = ToTensor(data.features.View());
  const ConfidenceSignals signals(captioner, ToTensor(calibration.null_regions.View()),
                                  features.size(1), calibration.signals);
  const auto count = static_cast<int64_t>(data.sets.size());
  std::vector<ExaminedDescription> examined;
  progress.Begin("descriptions", count, "sets");
  for (int64_t first = 0; first < count; first += kSetsPerBatch) {
    ThrowIfCancelled(progress);
    const int64_t last = std::min(count, first + kSetsPerBatch);
    const torch::Tensor batch = features.slice(0, first, last).contiguous();
    const auto candidates = captioner.Rerank(batch, search);
    auto all_signals = signals.Compute(batch, candidates);
    for (int64_t i = first; i < last; ++i) {
      const auto place = static_cast<size_t>(i - first);
      const Candidate* chosen = ChosenOf(captioner, candidates[place]);
      if (chosen == nullptr) continue;
      examined.push_back(
          ToExamined(data.sets[static_cast<size_t>(i)], captioner.Text(*chosen), options.right_f1));
      examined.back().signals = std::move(all_signals[place]);
    }
    progress.Update(last);
  }
  progress.End();
  return examined;
}

bool IsNull(const ExaminedDescription& examined) { return examined.kind != kAnnotated; }

std::vector<CalibrationUnit> UnitsOf(const std::vector<ExaminedDescription>& examined,
                                     const std::string& without = "") {
  std::vector<CalibrationUnit> units;
  for (const ExaminedDescription& one : examined) {
    if (IsNull(one) || (!without.empty() && one.network == without)) continue;
    units.push_back({one.signals, one.is_right, one.network});
  }
  return units;
}

/// The confidences of null sets: those that choose the threshold, and those that judge it.
struct NullConfidences {
  std::vector<std::string> kinds;
  std::vector<std::vector<double>> choosing;
  std::vector<std::vector<double>> judging;

  void Add(const std::string& kind, double confidence, bool chooses) {
    const auto found = std::find(kinds.begin(), kinds.end(), kind);
    const auto place = static_cast<size_t>(found - kinds.begin());
    if (found == kinds.end()) {
      kinds.push_back(kind);
      choosing.emplace_back();
      judging.emplace_back();
    }
    (chooses ? choosing : judging)[place].push_back(confidence);
  }
  std::vector<NullRate> Rates(double threshold) const {
    std::vector<NullRate> rates;
    for (size_t i = 0; i < kinds.size(); ++i) {
      rates.push_back(
          {kinds[i], static_cast<int64_t>(judging[i].size()), PassRate(judging[i], threshold)});
    }
    return rates;
  }
};

/// Every second null set of each kind chooses. With a network left out its sets judge, the others
/// choose; runs of null units are split in any case.
NullConfidences NullsOf(const std::vector<ExaminedDescription>& examined,
                        const ConfidenceModel& model, const std::string& left_out = "") {
  NullConfidences nulls;
  std::map<std::string, int64_t> counts;
  for (const ExaminedDescription& one : examined) {
    if (!IsNull(one)) continue;
    const bool is_of_null_run = one.kind == one.network;
    const bool chooses =
        left_out.empty() || is_of_null_run ? counts[one.kind]++ % 2 == 0 : one.network != left_out;
    nulls.Add(one.kind, model.Confidence(one.signals), chooses);
  }
  return nulls;
}

LeftOutNetwork LeaveOut(const std::string& network,
                        const std::vector<ExaminedDescription>& examined,
                        const std::vector<std::string>& names, const CalibrateOptions& options) {
  const ConfidenceModel model =
      FitConfidence(UnitsOf(examined, network), names, {.seed = options.seed});
  const NullConfidences nulls = NullsOf(examined, model, network);
  const double threshold = ThresholdFor(nulls.choosing, options.false_label_rate);
  std::vector<JudgedDescription> judged;
  for (const ExaminedDescription& one : examined) {
    if (IsNull(one) || one.network != network) continue;
    judged.push_back({model.Confidence(one.signals), one.is_right});
  }
  LeftOutNetwork left_out{network, SummarizeReliability(judged, threshold, options.seed)};
  left_out.summary.right_f1 = options.right_f1;
  left_out.summary.nulls = nulls.Rates(threshold);
  return left_out;
}

/// Fits the model, chooses the threshold, and sets everybody's confidence.
CalibrationSummary Fit(std::vector<ExaminedDescription>& examined,
                       const std::vector<std::string>& names, const CalibrateOptions& options,
                       ConfidenceModel& model) {
  const FitOptions fit = {.seed = options.seed};
  const std::vector<CalibrationUnit> units = UnitsOf(examined);
  model = FitConfidence(units, names, fit);
  const std::vector<double> validated = CrossValidate(units, names, fit);
  const NullConfidences nulls = NullsOf(examined, model);
  const double threshold = ThresholdFor(nulls.choosing, options.false_label_rate);
  std::vector<JudgedDescription> judged;
  for (ExaminedDescription& one : examined) {
    if (IsNull(one)) {
      one.confidence = model.Confidence(one.signals);
    } else {
      one.confidence = validated[judged.size()];
      judged.push_back({one.confidence, one.is_right});
    }
  }
  CalibrationSummary summary = SummarizeReliability(judged, threshold, options.seed);
  summary.right_f1 = options.right_f1;
  summary.nulls = nulls.Rates(threshold);
  return summary;
}

}  // namespace

void Validate(const CalibrateOptions& options) {
  if (options.sources.empty()) throw UsageError("a calibration needs annotated runs");
  RequireInRange("right", options.right_f1, 0.01, 1);
  RequireInRange("false_label_rate", options.false_label_rate, 0, 1);
  RequireInRange("null_sets", options.null_sets, 0, 100000);
  RequireInRange("beam_size", options.beam_size, 1, 1000);
  RequireInRange("pmi_weight", options.pmi_weight, 0, 10);
  RequireInRange("length", options.length, 1, 100);
  RequireInRange("workers", options.workers, 0, 1024);
}

CalibrationReport Calibrate(const Path& bundle_folder, const CalibrateOptions& options,
                            Progress& progress) {
  Validate(options);
  const Bundle bundle = Bundle::Open(bundle_folder, options.engine);
  const CalibrationData data = ReadCalibrationData(options, bundle.encoder(), progress);
  Calibration calibration;
  calibration.signals.length = options.length;
  calibration.signals.pmi_weight = options.pmi_weight;
  calibration.signals.criterion = options.criterion;
  calibration.signals.seed = options.seed;
  calibration.search = {options.beam_size, options.length, options.pmi_weight, options.criterion,
                        data.features.shape[1]};
  calibration.null_regions = ChooseNullRegions(data, options.seed);
  if (calibration.null_regions.shape[0] < 2) {
    throw InputError("a calibration needs at least two annotated units");
  }
  UseThreads(options.workers > 0 ? options.workers : DefaultWorkers());

  CalibrationReport report;
  report.signal_names = SignalNames();
  report.descriptions = ExamineAll(bundle.captioner(), data, calibration, options, progress);
  if (UnitsOf(report.descriptions).empty()) {
    throw InputError("the bundle has no words for any annotated unit");
  }
  calibration.summary = Fit(report.descriptions, report.signal_names, options, calibration.model);
  report.summary = calibration.summary;
  for (const auto& term : calibration.model.terms) report.weights.push_back(term.weight);
  std::vector<std::string> networks;
  for (const ExaminedDescription& one : report.descriptions) {
    const bool is_known =
        std::find(networks.begin(), networks.end(), one.network) != networks.end();
    if (!IsNull(one) && !is_known) networks.push_back(one.network);
  }
  for (const std::string& network : networks) {
    if (networks.size() < 2) break;
    report.left_out.push_back(LeaveOut(network, report.descriptions, report.signal_names, options));
  }
  WriteCalibration(bundle_folder, calibration);
  return report;
}

}  // namespace milan
