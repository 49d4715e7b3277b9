#include "milan/actions/analysis.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

/// Outcomes of one order at each fraction: [fraction][photo]; all photos, also those not judged.
using OrderOutcomes = std::vector<std::vector<float>>;

std::vector<float> OutcomesOf(const std::vector<Verdict>& verdicts) {
  std::vector<float> outcomes;
  for (const Verdict& verdict : verdicts) outcomes.push_back(verdict.rank == 0 ? 1.0F : 0.0F);
  return outcomes;
}

/// Which photos count: those that are judged, of one class or of all.
std::vector<size_t> JudgedPlaces(const std::vector<Verdict>& verdicts,
                                 std::span<const int32_t> labels, int32_t label) {
  std::vector<size_t> places;
  for (size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].rank >= 0 && (label < 0 || labels[i] == label)) places.push_back(i);
  }
  return places;
}

std::vector<float> Pick(const std::vector<float>& outcomes, const std::vector<size_t>& places) {
  std::vector<float> picked;
  for (const size_t place : places) picked.push_back(outcomes[place]);
  return picked;
}

/// Trials at one fraction over some photos.
TrialOutcomes TrialsAt(const std::vector<OrderOutcomes>& orders, size_t fraction,
                       const std::vector<size_t>& places) {
  TrialOutcomes trials;
  for (const OrderOutcomes& order : orders) trials.push_back(Pick(order[fraction], places));
  return trials;
}

double MeanOf(const TrialOutcomes& trials) {
  double sum = 0;
  for (const auto& trial : trials) {
    sum += std::accumulate(trial.begin(), trial.end(), 0.0) /
           static_cast<double>(std::max<size_t>(1, trial.size()));
  }
  return sum / static_cast<double>(std::max<size_t>(1, trials.size()));
}

std::vector<int64_t> CountsOf(size_t units, const std::vector<double>& fractions) {
  std::vector<int64_t> counts;
  for (const double fraction : fractions) {
    counts.push_back(std::max<int64_t>(1, std::llround(fraction * static_cast<double>(units))));
  }
  return counts;
}

/// Runs the orders of all properties and of chance together: one call, so that what can be shared
/// is.
class CurveRunner {
 public:
  CurveRunner(const std::vector<UnitName>& units, std::vector<int64_t> counts)
      : units_(units), counts_(std::move(counts)) {}

  void Add(const std::vector<size_t>& order) {
    for (const int64_t count : counts_) {
      EditSet edits;
      for (int64_t i = 0; i < count; ++i) {
        edits.push_back(ZeroUnit(units_[order[i]].layer, units_[order[i]].unit));
      }
      sets_.push_back(std::move(edits));
    }
  }

  void Run(const JudgedPhotos& photos) { verdicts_ = photos.judge(sets_); }

  OrderOutcomes Of(size_t order) const {
    OrderOutcomes outcomes;
    for (size_t i = 0; i < counts_.size(); ++i) {
      outcomes.push_back(OutcomesOf(verdicts_[order * counts_.size() + i]));
    }
    return outcomes;
  }

 private:
  const std::vector<UnitName>& units_;
  std::vector<int64_t> counts_;
  std::vector<EditSet> sets_;
  std::vector<std::vector<Verdict>> verdicts_;
};

void CorrectPoints(std::vector<AnalysisCurve>& curves) {
  std::vector<AnalysisPoint*> points;
  std::vector<double> p_values;
  for (AnalysisCurve& curve : curves) {
    for (AnalysisPoint& point : curve.points) {
      points.push_back(&point);
      p_values.push_back(point.less_chance.p_value);
    }
  }
  const auto adjusted = Corrected(p_values, Correction::kHolm);
  for (size_t i = 0; i < points.size(); ++i) points[i]->adjusted = adjusted[i];
}

void CorrectClasses(std::vector<ClassEffect>& classes) {
  std::vector<double> p_values;
  for (const ClassEffect& effect : classes) {
    if (effect.is_compared) p_values.push_back(effect.less_chance.p_value);
  }
  const auto adjusted = Corrected(p_values, Correction::kHolm);
  size_t next = 0;
  for (ClassEffect& effect : classes) {
    if (effect.is_compared) effect.adjusted = adjusted[next++];
  }
}

/// Outcomes of the orders of one property, of chance, and without edits.
struct CurveOutcomes {
  std::vector<OrderOutcomes> property;
  const std::vector<OrderOutcomes>& chance;
  const std::vector<Verdict>& baseline;
};

AnalysisCurve MakeCurve(const PropertyValues& property, const CurveOutcomes& outcomes,
                        const std::vector<int64_t>& counts, const AnalysisOptions& options) {
  AnalysisCurve curve{property.name, property.meaning, 0, {}};
  curve.units_with = std::count_if(property.values.begin(), property.values.end(),
                                   [](double value) { return value > 0; });
  const auto places = JudgedPlaces(outcomes.baseline, {}, -1);
  for (size_t i = 0; i < counts.size(); ++i) {
    const TrialOutcomes trials = TrialsAt(outcomes.property, i, places);
    AnalysisPoint point{
        options.fractions[i], counts[i], MeanOfTrials(trials, options.bootstrap), {}};
    point.less_chance =
        CompareTrials(trials, TrialsAt(outcomes.chance, i, places), options.bootstrap);
    curve.points.push_back(point);
  }
  return curve;
}

/// Every class at the largest fraction.
void AppendClasses(const PropertyValues& property, const CurveOutcomes& outcomes,
                   std::span<const int32_t> labels, const AnalysisOptions& options,
                   std::vector<ClassEffect>& classes) {
  const size_t last = options.fractions.size() - 1;
  const std::vector<float> before = OutcomesOf(outcomes.baseline);
  for (const auto& [label, accuracy] : AccuracyPerClass(outcomes.baseline, labels)) {
    const auto places = JudgedPlaces(outcomes.baseline, labels, label);
    const TrialOutcomes trials = TrialsAt(outcomes.property, last, places);
    const TrialOutcomes chance = TrialsAt(outcomes.chance, last, places);
    ClassEffect effect{property.name,
                       label,
                       std::ssize(places),
                       accuracy.Top1(),
                       MeanOf(trials),
                       MeanOf(chance),
                       {},
                       1,
                       false};
    effect.is_compared = effect.photos >= options.least_class_photos;
    if (effect.is_compared) effect.less_chance = CompareTrials(trials, chance, options.bootstrap);
    classes.push_back(std::move(effect));
  }
}

}  // namespace

void Validate(const AnalysisOptions& options) {
  if (options.seeds < 1) throw UsageError("--seeds: must be at least 1");
  if (options.fractions.empty()) throw UsageError("--fractions: give at least one");
  double last = 0;
  for (const double fraction : options.fractions) {
    if (!(fraction > last && fraction <= 1)) {
      throw UsageError(fmt::format(
          "--fractions: {} is not above {} and at most 1; give shares that grow, as 0.05,0.1,0.2",
          fraction, last));
    }
    last = fraction;
  }
}

std::vector<size_t> OrderByValue(std::span<const double> values, uint64_t seed) {
  Random random(seed);
  std::vector<size_t> order = random.Permutation(values.size());
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return values[a] > values[b]; });
  return order;
}

Analysis AnalyzeProperties(const std::vector<UnitName>& units,
                           const std::vector<PropertyValues>& properties,
                           const JudgedPhotos& photos, std::span<const int32_t> labels,
                           const AnalysisOptions& options) {
  Validate(options);
  MILAN_CHECK(!units.empty() && labels.size() == photos.baseline.size(), "labels of all photos");
  Analysis analysis;
  analysis.units = std::ssize(units);
  analysis.photos = AccuracyOf(photos.baseline).photos;
  const std::vector<int64_t> counts = CountsOf(units.size(), options.fractions);
  CurveRunner runner(units, counts);
  const auto seed_of = [&](int trial) {
    return options.seed * 1000 + static_cast<uint64_t>(trial);
  };
  for (int trial = 0; trial < options.seeds; ++trial) {
    // Of no value: another order than ties of the same seed have.
    runner.Add(Random(~seed_of(trial)).Permutation(units.size()));
  }
  for (const PropertyValues& property : properties) {
    for (int trial = 0; trial < options.seeds; ++trial) {
      runner.Add(OrderByValue(property.values, seed_of(trial)));
    }
  }
  runner.Run(photos);
  const auto seeds = static_cast<size_t>(options.seeds);
  const auto orders_from = [&](size_t first) {
    std::vector<OrderOutcomes> orders;
    for (size_t i = 0; i < seeds; ++i) orders.push_back(runner.Of(first + i));
    return orders;
  };
  const std::vector<OrderOutcomes> chance = orders_from(0);
  const auto places = JudgedPlaces(photos.baseline, {}, -1);
  analysis.baseline = MeanOfTrials({Pick(OutcomesOf(photos.baseline), places)}, options.bootstrap);
  analysis.chance = {"chance", "random order", analysis.units, {}};
  for (size_t i = 0; i < counts.size(); ++i) {
    analysis.chance.points.push_back({options.fractions[i],
                                      counts[i],
                                      MeanOfTrials(TrialsAt(chance, i, places), options.bootstrap),
                                      {}});
  }
  for (size_t i = 0; i < properties.size(); ++i) {
    const CurveOutcomes outcomes{orders_from((i + 1) * seeds), chance, photos.baseline};
    analysis.curves.push_back(MakeCurve(properties[i], outcomes, counts, options));
    AppendClasses(properties[i], outcomes, labels, options, analysis.classes);
  }
  CorrectPoints(analysis.curves);
  CorrectClasses(analysis.classes);
  return analysis;
}

std::vector<UnitImportance> MeasureImportance(const std::vector<UnitName>& units,
                                              const std::vector<std::string>& descriptions,
                                              const JudgedPhotos& photos) {
  std::vector<EditSet> sets;
  for (const UnitName& unit : units) sets.push_back({ZeroUnit(unit.layer, unit.unit)});
  const auto verdicts = photos.judge(sets);
  std::vector<UnitImportance> importances;
  std::vector<double> p_values;
  for (size_t i = 0; i < units.size(); ++i) {
    UnitImportance importance;
    importance.unit = units[i];
    importance.description = descriptions[i];
    int64_t judged = 0;
    for (size_t photo = 0; photo < photos.baseline.size(); ++photo) {
      const Verdict& before = photos.baseline[photo];
      const Verdict& after = verdicts[i][photo];
      if (before.rank < 0) continue;
      ++judged;
      if (before.rank == 0 && after.rank != 0) ++importance.lost;
      if (before.rank != 0 && after.rank == 0) ++importance.gained;
      importance.output_drop += static_cast<double>(before.output) - after.output;
    }
    const auto count = static_cast<double>(std::max<int64_t>(1, judged));
    importance.drop = static_cast<double>(importance.lost - importance.gained) / count;
    importance.output_drop /= count;
    importance.p_value = McNemarExact(importance.lost, importance.gained);
    p_values.push_back(importance.p_value);
    importances.push_back(std::move(importance));
  }
  const auto adjusted = Corrected(p_values, Correction::kBenjaminiHochberg);
  for (size_t i = 0; i < importances.size(); ++i) importances[i].adjusted = adjusted[i];
  return importances;
}

std::vector<CategoryImportance> CompareCategories(const std::vector<UnitImportance>& units,
                                                  const WordClasses& classes,
                                                  const BootstrapOptions& options) {
  std::map<std::string_view, std::vector<bool>> has;
  for (size_t i = 0; i < units.size(); ++i) {
    for (const ClassifiedWord& word : classes.Classify(units[i].description)) {
      for (const std::string_view category : word.categories) {
        has[category].resize(units.size());
        has[category][i] = true;
      }
    }
  }
  std::vector<CategoryImportance> result;
  std::vector<double> p_values;
  for (const std::string_view category : WordClasses::Categories()) {
    const auto found = has.find(category);
    if (found == has.end()) continue;
    CategoryImportance importance;
    importance.category = category;
    std::vector<double> with;
    std::vector<double> without;
    for (size_t i = 0; i < units.size(); ++i) {
      (found->second[i] ? with : without).push_back(units[i].output_drop);
      if (found->second[i]) importance.drop += units[i].drop;
    }
    if (without.empty()) continue;
    const auto count = static_cast<double>(with.size());
    importance.units = std::ssize(with);
    importance.drop /= count;
    importance.output_drop = std::accumulate(with.begin(), with.end(), 0.0) / count;
    if (std::min(with.size(), without.size()) >= CategoryImportance::kFewestUnits) {
      importance.more_than_others = CompareGroups(with, without, options);
      p_values.push_back(importance.more_than_others->p_value);
    }
    result.push_back(std::move(importance));
  }
  const std::vector<double> adjusted = Corrected(p_values, Correction::kHolm);
  auto next = adjusted.begin();
  for (CategoryImportance& importance : result) {
    if (importance.more_than_others) importance.adjusted = *next++;
  }
  return result;
}

}  // namespace milan
