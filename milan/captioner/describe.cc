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
  /// `k`: exemplars of each unit, with repetitions where it has fewer.
  Confidences(const Bundle& bundle, int64_t k) : calibration_(bundle.calibration()) {
    if (calibration_ == nullptr) return;
    signals_.emplace(bundle.captioner(), ToTensor(calibration_->null_regions.View()), k,
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

/// Units that stand for the network, evenly over all that can be described: more of them would make
/// p(d) steadier and the search slower.
constexpr size_t kPriorUnits = 16;

std::vector<UnitSelection> UnitsOfPrior(const std::vector<ExemplarSet>& layers) {
  std::vector<UnitName> all;
  for (const ExemplarSet& exemplars : layers) {
    for (int64_t unit = 0; unit < exemplars.units; ++unit) {
      if (exemplars.IsDescribable(unit)) all.push_back({exemplars.layer, unit});
    }
  }
  if (all.size() < 2) throw UsageError("prior network: the run has no other units to compare with");
  std::vector<UnitSelection> selections;
  for (const ExemplarSet& exemplars : layers) selections.push_back({&exemplars, {}});
  const size_t count = std::min(kPriorUnits, all.size());
  for (size_t i = 0; i < count; ++i) {
    const UnitName& unit = all[(2 * i + 1) * all.size() / (2 * count)];
    for (UnitSelection& selection : selections) {
      if (selection.exemplars->layer == unit.layer) selection.units.push_back(unit.unit);
    }
  }
  return selections;
}

/// The decoder's memory of other units, if they are p(d).
Tensors MemoryOfPrior(const Run& run, const std::vector<ExemplarSet>& layers, const Bundle& bundle,
                      const DescribeOptions& options, int workers, Progress& progress) {
  if (options.prior != Prior::kNetwork) return {};
  const Array features =
      ComputeRegionFeatures(run, UnitsOfPrior(layers), bundle.encoder(), workers, progress);
  const torch::NoGradGuard no_gradient;
  return bundle.captioner().decoder()->Encode(ToTensor(features.View()));
}

/// Fewer exemplars say nothing of how sure a text is: random halves of them are nearly the same,
/// and so are their descriptions, whatever these are worth.
int64_t FewestExemplars(const Calibration& calibration) { return (calibration.search.k + 1) / 2; }

/// Takes back the confidences of units with too few exemplars, and says so.
void DropUnknownConfidences(const Calibration& calibration,
                            const std::vector<UnitDescription*>& units, Progress& progress) {
  const int64_t fewest = FewestExemplars(calibration);
  int64_t dropped = 0;
  for (UnitDescription* unit : units) {
    if (std::ssize(unit->photos) >= fewest) continue;
    unit->confidence.reset();
    ++dropped;
  }
  if (dropped == 0) return;
  progress.Warn("units with fewer than " + std::to_string(fewest) +
                " exemplars: " + std::to_string(dropped) + " of " + std::to_string(units.size()) +
                "; how sure their descriptions are is not known, and none counts as reliable");
}

/// A calibration is one of a search and a number of exemplars.
void WarnOfOtherSearch(const CalibratedSearch& calibrated, const DescribeOptions& options,
                       int64_t k, Progress& progress) {
  const bool is_same =
      calibrated.beam_size == options.beam_size && calibrated.length == options.length &&
      calibrated.pmi_weight == options.pmi_weight && calibrated.criterion == options.criterion &&
      calibrated.k == k && options.prior == Prior::kLanguage;
  if (is_same) return;
  std::ostringstream text;
  text << "confidences are calibrated for " << ToString(calibrated.criterion) << ", beam "
       << calibrated.beam_size << ", pmi weight " << calibrated.pmi_weight << ", "
       << calibrated.length << " tokens and " << calibrated.k << " exemplars; with "
       << ToString(options.criterion)
       << (options.prior == Prior::kNetwork ? " (p(d) of other units)" : "") << ", beam "
       << options.beam_size << ", pmi weight " << options.pmi_weight << ", " << options.length
       << " tokens and " << k << " exemplars they are less exact";
  progress.Warn(text.str());
}

/// Searches descriptions for `units`, whose region features are the rows of `features`.
void SetAllTexts(const Bundle& bundle, const Array& features, const DescribeOptions& options,
                 const Tensors& other_units, const std::vector<UnitDescription*>& units,
                 Progress& progress) {
  const Captioner& captioner = bundle.captioner();
  const Confidences confidences(bundle, features.shape[1]);
  const SearchOptions search = {options.beam_size, options.length, options.pmi_weight,
                                options.criterion, other_units};
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
  RequireInRange("beam_size", options.beam_size, 1, 1000);
  RequireInRange("pmi_weight", options.pmi_weight, 0, 10);
  RequireInRange("length", options.length, 1, 100);
  RequireInRange("runners_up", options.runners_up, 0, 1000);
  RequireInRange("workers", options.workers, 0, 1024);
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
  descriptions.prior = ToString(options.prior);
  descriptions.pmi_weight = options.pmi_weight;
  descriptions.beam_size = options.beam_size;
  const std::vector<UnitName> units = ChosenUnits(run.manifest, options);
  descriptions.units.reserve(units.size());  // `described` points into it
  std::vector<UnitDescription*> described;
  auto exemplars = layers.begin();
  for (const UnitName& unit : units) {
    while (exemplars->layer != unit.layer) ++exemplars;
    descriptions.units.push_back(WithoutText(run, *exemplars, unit.unit));
    if (exemplars->IsDescribable(unit.unit)) described.push_back(&descriptions.units.back());
  }
  const Array features = ComputeRegionFeatures(run, SelectUnits(layers, described),
                                               bundle.encoder(), workers, progress);
  UseThreads(workers);
  const Tensors other_units = MemoryOfPrior(run, layers, bundle, options, workers, progress);
  if (const Calibration* calibration = bundle.calibration()) {
    descriptions.calibration = calibration->summary;
    WarnOfOtherSearch(calibration->search, options, run.manifest.k, progress);
  }
  SetAllTexts(bundle, features, options, other_units, described, progress);
  if (const Calibration* calibration = bundle.calibration()) {
    DropUnknownConfidences(*calibration, described, progress);
  }
  return descriptions;
}

}  // namespace milan
