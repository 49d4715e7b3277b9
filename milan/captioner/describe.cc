#include "milan/captioner/describe.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/captioner/bundle_confidence.h"
#include "milan/captioner/captioner.h"
#include "milan/captioner/confidence_signals.h"
#include "milan/captioner/region_features.h"
#include "milan/captioner/torch_tensors.h"
#include "milan/evaluate/content_words.h"

namespace milan {
namespace {

/// Units searched at once: enough that matrix products are large, few enough that their attention
/// stays in the cache.
constexpr int64_t kUnitsPerBatch = 16;

void CheckRange(const std::string& option, double value, double low, double high) {
  if (value >= low && value <= high) return;
  throw UsageError(option + " must be in " + std::to_string(static_cast<int64_t>(low)) + ".." +
                   std::to_string(static_cast<int64_t>(high)));
}

ScoredText ToScoredText(const Captioner& captioner, const Candidate& candidate) {
  return {captioner.Text(candidate), candidate.log_likelihood, candidate.log_prior, candidate.pmi};
}

/// Texts that share more of their content words than this say the same in other words.
constexpr double kSameMeaning = 0.6;

/// The different texts of the candidates in their order, at most `count`: first those that mean
/// something else than all before them, then, if these are too few, the others.
std::vector<ScoredText> ChooseTexts(const Captioner& captioner,
                                    const std::vector<Candidate>& candidates, size_t count) {
  std::vector<ScoredText> texts;
  std::vector<ScoredText> paraphrases;
  std::vector<std::set<std::string>> meanings;
  std::set<std::string> known;
  for (const Candidate& candidate : candidates) {
    ScoredText scored = ToScoredText(captioner, candidate);
    if (scored.text.empty() || !known.insert(scored.text).second) continue;
    std::set<std::string> words = ContentWords(scored.text);
    const bool is_said = std::any_of(meanings.begin(), meanings.end(), [&](const auto& other) {
      return ContentWordF1(words, other) > kSameMeaning;
    });
    (is_said ? paraphrases : texts).push_back(std::move(scored));
    if (!is_said) meanings.push_back(std::move(words));
    if (texts.size() == count) return texts;
  }
  const size_t missing = std::min(count - texts.size(), paraphrases.size());
  std::move(paraphrases.begin(), paraphrases.begin() + static_cast<ptrdiff_t>(missing),
            std::back_inserter(texts));
  return texts;
}

/// The best description and its runners-up, each text once. A candidate without words is none.
void SetTexts(const Captioner& captioner, const std::vector<Candidate>& candidates, int runners_up,
              UnitDescription& description) {
  const std::vector<ScoredText> texts =
      ChooseTexts(captioner, candidates, static_cast<size_t>(runners_up) + 1);
  if (texts.empty()) return;
  description.best = texts.front();
  description.others.assign(texts.begin() + 1, texts.end());
}

UnitDescription WithoutText(const Run& run, const ExemplarSet& exemplars, int64_t unit) {
  const auto index = static_cast<size_t>(unit);
  UnitDescription description;
  description.layer = exemplars.layer;
  description.unit = unit;
  description.state = ToString(exemplars.states[index]);
  description.threshold = exemplars.thresholds[index];
  for (int64_t rank = 0; rank < exemplars.CountOf(unit); ++rank) {
    description.activations.push_back(
        exemplars.activations[static_cast<size_t>(unit * exemplars.k + rank)]);
    const auto photo = static_cast<size_t>(exemplars.PhotoId(unit, rank));
    description.photos.push_back(run.photos.at(photo).name);
  }
  return description;
}

bool IsDescribable(const ExemplarSet& exemplars, int64_t unit) {
  return exemplars.states[static_cast<size_t>(unit)] == UnitState::kAlive &&
         exemplars.CountOf(unit) > 0;
}

/// The units that can be described, by layer.
std::vector<UnitSelection> SelectUnits(const std::vector<ExemplarSet>& layers,
                                       const std::vector<UnitDescription*>& described) {
  std::vector<UnitSelection> selections;
  for (const ExemplarSet& exemplars : layers) {
    UnitSelection& selection = selections.emplace_back();
    selection.exemplars = &exemplars;
    for (const UnitDescription* description : described) {
      if (description->layer == exemplars.layer) selection.units.push_back(description->unit);
    }
  }
  return selections;
}

/// Says how sure descriptions are, if the bundle is calibrated.
class Confidences {
 public:
  explicit Confidences(const Bundle& bundle) : calibration_(bundle.calibration()) {
    if (calibration_ == nullptr) return;
    signals_.emplace(bundle.captioner(), ToTensor(calibration_->null_regions.View()),
                     calibration_->signals);
  }

  /// Of the descriptions that SetTexts chooses; none for a unit without words.
  std::vector<std::optional<double>> Of(
      const torch::Tensor& features, const std::vector<std::vector<Candidate>>& candidates) const {
    std::vector<std::optional<double>> confidences(candidates.size());
    if (!signals_) return confidences;
    const auto signals = signals_->Compute(features, candidates);
    for (size_t i = 0; i < signals.size(); ++i) {
      if (!signals[i].empty()) confidences[i] = calibration_->model.Confidence(signals[i]);
    }
    return confidences;
  }

 private:
  const Calibration* calibration_;
  std::optional<ConfidenceSignals> signals_;
};

/// A calibration is one of a search and a number of exemplars.
void WarnOfOtherSearch(const CalibratedSearch& calibrated, const DescribeOptions& options,
                       int64_t k, Progress& progress) {
  const bool is_same = calibrated.beam_size == options.beam_size &&
                       calibrated.length == options.length &&
                       calibrated.pmi_weight == options.pmi_weight &&
                       calibrated.criterion == options.criterion && calibrated.k == k;
  if (is_same) return;
  std::ostringstream text;
  text << "confidences are calibrated for " << ToString(calibrated.criterion) << ", beam "
       << calibrated.beam_size << ", pmi weight " << calibrated.pmi_weight << ", "
       << calibrated.length << " tokens and " << calibrated.k << " exemplars; with "
       << ToString(options.criterion) << ", beam " << options.beam_size << ", pmi weight "
       << options.pmi_weight << ", " << options.length << " tokens and " << k
       << " exemplars they are less exact";
  progress.Warn(text.str());
}

/// Searches descriptions for `units`, whose region features are the rows of `features`.
void SetAllTexts(const Bundle& bundle, const Array& features, const DescribeOptions& options,
                 const std::vector<UnitDescription*>& units, Progress& progress) {
  const Captioner& captioner = bundle.captioner();
  const Confidences confidences(bundle);
  const SearchOptions search = {options.beam_size, options.length, options.pmi_weight,
                                options.criterion};
  const auto count = static_cast<int64_t>(units.size());
  const int64_t unit_size = features.shape[1] * features.shape[2];
  progress.Begin("descriptions", count, "units");
  for (int64_t first = 0; first < count; first += kUnitsPerBatch) {
    ThrowIfCancelled(progress);
    const int64_t size = std::min(kUnitsPerBatch, count - first);
    const auto values =
        std::span(features.values)
            .subspan(static_cast<size_t>(first * unit_size), static_cast<size_t>(size * unit_size));
    const torch::Tensor batch = ToTensor({{size, features.shape[1], features.shape[2]}, values});
    const auto results = captioner.Rerank(batch, search);
    const auto how_sure = confidences.Of(batch, results);
    for (int64_t i = 0; i < size; ++i) {
      UnitDescription& unit = *units[static_cast<size_t>(first + i)];
      SetTexts(captioner, results[static_cast<size_t>(i)], options.runners_up, unit);
      unit.confidence = how_sure[static_cast<size_t>(i)];
    }
    progress.Update(first + size);
  }
  progress.End();
}

}  // namespace

void Validate(const DescribeOptions& options) {
  CheckRange("beam_size", options.beam_size, 1, 1000);
  CheckRange("pmi_weight", options.pmi_weight, 0, 10);
  CheckRange("length", options.length, 1, 100);
  CheckRange("runners_up", options.runners_up, 0, 1000);
  CheckRange("workers", options.workers, 0, 1024);
}

std::vector<UnitName> ChosenUnits(const RunManifest& manifest, const DescribeOptions& options) {
  const auto is_chosen = [&](const UnitName& unit) {
    return options.units.empty() ||
           std::binary_search(options.units.begin(), options.units.end(), unit);
  };
  std::vector<UnitName> units;
  for (const RunLayer& layer : manifest.layers) {
    for (int64_t unit = 0; unit < layer.units; ++unit) {
      if (is_chosen({layer.name, unit})) units.push_back({layer.name, unit});
    }
  }
  for (const UnitName& unit : options.units) {
    const auto has_unit = [&](const RunLayer& layer) {
      return layer.name == unit.layer && unit.unit < layer.units;
    };
    if (std::none_of(manifest.layers.begin(), manifest.layers.end(), has_unit)) {
      throw UsageError("the run has no unit " + std::to_string(unit.unit) + " of a layer '" +
                       unit.layer + "'");
    }
  }
  return units;
}

Descriptions Describe(const Run& run, const Bundle& bundle, const DescribeOptions& options,
                      Progress& progress) {
  Validate(options);
  const int workers = options.workers > 0 ? options.workers : DefaultWorkers();
  std::vector<ExemplarSet> layers;
  for (const RunLayer& layer : run.manifest.layers) layers.push_back(run.Exemplars(layer.name));

  Descriptions descriptions;
  descriptions.bundle_name = bundle.name();
  descriptions.bundle_hash = bundle.hash();
  descriptions.criterion = ToString(options.criterion);
  descriptions.pmi_weight = options.pmi_weight;
  descriptions.beam_size = options.beam_size;
  const std::vector<UnitName> units = ChosenUnits(run.manifest, options);
  descriptions.units.reserve(units.size());  // `described` points into it
  std::vector<UnitDescription*> described;
  auto exemplars = layers.begin();
  for (const UnitName& unit : units) {
    while (exemplars->layer != unit.layer) ++exemplars;
    descriptions.units.push_back(WithoutText(run, *exemplars, unit.unit));
    if (IsDescribable(*exemplars, unit.unit)) described.push_back(&descriptions.units.back());
  }
  const Array features = ComputeRegionFeatures(run, SelectUnits(layers, described),
                                               bundle.encoder(), workers, progress);
  UseThreads(workers);
  if (const Calibration* calibration = bundle.calibration()) {
    descriptions.calibration = calibration->summary;
    WarnOfOtherSearch(calibration->search, options, run.manifest.k, progress);
  }
  SetAllTexts(bundle, features, options, described, progress);
  return descriptions;
}

}  // namespace milan
