#include "milan/actions/targeted_edit.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

EditSet ZeroAll(std::span<const UnitName> units) {
  EditSet edits;
  for (const UnitName& unit : units) edits.push_back(ZeroUnit(unit.layer, unit.unit));
  return edits;
}

/// 1 where a photo is classified right, of the photos that are judged.
std::vector<float> Outcomes(const std::vector<Verdict>& verdicts) {
  std::vector<float> outcomes;
  for (const Verdict& verdict : verdicts) {
    if (verdict.rank >= 0) outcomes.push_back(verdict.rank == 0 ? 1.0F : 0.0F);
  }
  return outcomes;
}

bool IsLessHarmful(const ScoredUnit& a, const ScoredUnit& b) {
  if (a.accuracy.top1 != b.accuracy.top1) return a.accuracy.top1 > b.accuracy.top1;
  return a.accuracy.top5 > b.accuracy.top5;
}

/// How accurate the network is without each unit alone. A unit is measured once, however many
/// orders it is in: controls draw the same units again and again.
class SingleUnitScores {
 public:
  /// Refers to the photos.
  explicit SingleUnitScores(const JudgedPhotos& validation) : validation_(validation) {}

  /// Least harmful first; of equally harmful ones the one that is given first.
  std::vector<ScoredUnit> Order(const std::vector<UnitName>& units) {
    MeasureMissing(units);
    std::vector<ScoredUnit> scored;
    for (const UnitName& unit : units) scored.push_back({unit, accuracies_.at(unit)});
    std::stable_sort(scored.begin(), scored.end(), IsLessHarmful);
    return scored;
  }

 private:
  void MeasureMissing(const std::vector<UnitName>& units) {
    std::set<UnitName> missing;
    for (const UnitName& unit : units) {
      if (!accuracies_.contains(unit)) missing.insert(unit);
    }
    if (missing.empty()) return;
    std::vector<EditSet> sets;
    for (const UnitName& unit : missing) sets.push_back({ZeroUnit(unit.layer, unit.unit)});
    const auto verdicts = validation_.judge(sets);
    auto next = verdicts.begin();
    for (const UnitName& unit : missing) accuracies_[unit] = AccuracyOf(*next++);
  }

  const JudgedPhotos& validation_;
  std::map<UnitName, Accuracy> accuracies_;
};

std::vector<UnitName> NamesOf(const std::vector<ScoredUnit>& scored) {
  std::vector<UnitName> names;
  for (const ScoredUnit& unit : scored) names.push_back(unit.unit);
  return names;
}

/// Draws units without replacement, each from a wanted layer while that has any left.
class UnitDraw {
 public:
  UnitDraw(const std::vector<UnitName>& units, const std::set<UnitName>& but, uint64_t seed)
      : random_(seed) {
    for (const UnitName& unit : units) {
      if (!but.contains(unit)) left_[unit.layer].push_back(unit);
    }
  }

  /// Nothing is left: false.
  bool Draw(const std::string& layer, UnitName* drawn) {
    auto from = left_.find(layer);
    if (from == left_.end() || from->second.empty()) {
      from = std::find_if(left_.begin(), left_.end(),
                          [](const auto& entry) { return !entry.second.empty(); });
      if (from == left_.end()) return false;
    }
    std::vector<UnitName>& units = from->second;
    std::swap(units[random_.Below(units.size())], units.back());
    *drawn = units.back();
    units.pop_back();
    return true;
  }

 private:
  Random random_;
  std::map<std::string, std::vector<UnitName>> left_;
};

std::vector<UnitName> DrawLike(const std::vector<UnitName>& models, UnitDraw draw) {
  std::vector<UnitName> drawn;
  for (const UnitName& model : models) {
    UnitName unit;
    if (draw.Draw(model.layer, &unit)) drawn.push_back(unit);
  }
  return drawn;
}

/// Orders of units, the first n of which are zeroed: the edit's and those of the controls.
struct Orders {
  std::vector<UnitName> edit;
  std::vector<std::vector<UnitName>> random;
  std::vector<std::vector<UnitName>> sorted;
};

Orders MakeOrders(const std::vector<ScoredUnit>& order, const std::vector<UnitName>& all,
                  SingleUnitScores& scores, const TargetedEditOptions& options) {
  Orders orders;
  orders.edit = NamesOf(order);
  const std::set<UnitName> candidates(orders.edit.begin(), orders.edit.end());
  for (int trial = 0; trial < options.trials; ++trial) {
    const uint64_t seed = options.seed * 1000 + static_cast<uint64_t>(trial);
    orders.random.push_back(DrawLike(orders.edit, UnitDraw(all, candidates, 2 * seed)));
    const auto pool = DrawLike(orders.edit, UnitDraw(all, {}, 2 * seed + 1));
    orders.sorted.push_back(NamesOf(scores.Order(pool)));
  }
  return orders;
}

/// Numbers of units at which curves are measured: spread evenly, with the chosen one and 0.
std::vector<int64_t> StepsOf(int64_t most, int64_t chosen, int points) {
  std::set<int64_t> steps = {0, chosen};
  for (int i = 1; i <= points; ++i) {
    steps.insert(static_cast<int64_t>(
        std::lround(static_cast<double>(most) * i / static_cast<double>(points))));
  }
  return {steps.begin(), steps.end()};
}

/// Outcomes of each order at each step; step 0 is the baseline.
std::vector<TrialOutcomes> Measure(const std::vector<std::vector<UnitName>>& orders,
                                   const std::vector<int64_t>& steps, const JudgedPhotos& photos) {
  std::vector<EditSet> sets;
  for (const auto& order : orders) {
    for (const int64_t step : steps) {
      const auto count = std::min<size_t>(static_cast<size_t>(step), order.size());
      if (step > 0) sets.push_back(ZeroAll(std::span(order).first(count)));
    }
  }
  const auto verdicts = photos.judge(sets);
  std::vector<TrialOutcomes> outcomes(steps.size());
  size_t next = 0;
  for (size_t trial = 0; trial < orders.size(); ++trial) {
    for (size_t i = 0; i < steps.size(); ++i) {
      outcomes[i].push_back(Outcomes(steps[i] == 0 ? photos.baseline : verdicts[next++]));
    }
  }
  return outcomes;
}

double PairedPValue(const std::vector<float>& before, const std::vector<float>& after) {
  int64_t lost = 0;
  int64_t gained = 0;
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] > after[i]) ++lost;
    if (before[i] < after[i]) ++gained;
  }
  return McNemarExact(lost, gained);
}

std::vector<double> MeansOf(const TrialOutcomes& outcomes) {
  std::vector<double> means;
  for (const auto& trial : outcomes) {
    means.push_back(std::accumulate(trial.begin(), trial.end(), 0.0) /
                    static_cast<double>(std::max<size_t>(1, trial.size())));
  }
  return means;
}

EditTest RunTest(const JudgedPhotos& photos, const Orders& orders,
                 const std::vector<int64_t>& steps, int64_t chosen,
                 const TargetedEditOptions& options) {
  EditTest test;
  test.name = photos.name;
  const auto edit = Measure({orders.edit}, steps, photos);
  const auto random = Measure(orders.random, steps, photos);
  const auto sorted = Measure(orders.sorted, steps, photos);
  const auto place = std::find(steps.begin(), steps.end(), chosen) - steps.begin();
  const TrialOutcomes before = {Outcomes(photos.baseline)};
  test.before = MeanOfTrials(before, options.bootstrap);
  test.after = MeanOfTrials(edit[place], options.bootstrap);
  test.mcnemar_p_value = PairedPValue(before.front(), edit[place].front());
  test.change.comparison = CompareTrials(edit[place], before, options.bootstrap);
  if (chosen > 0 && options.trials > 0) {
    test.against_random.comparison = CompareTrials(edit[place], random[place], options.bootstrap);
    test.against_sorted.comparison = CompareTrials(edit[place], sorted[place], options.bootstrap);
    test.random_trials = MeansOf(random[place]);
    test.sorted_trials = MeansOf(sorted[place]);
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    EditCurvePoint point{steps[i], MeanOfTrials(edit[i], options.bootstrap), {}, {}};
    if (options.trials > 0) {
      point.random = MeanOfTrials(random[i], options.bootstrap);
      point.sorted = MeanOfTrials(sorted[i], options.bootstrap);
    }
    test.curve.push_back(point);
  }
  return test;
}

void Correct(std::vector<EditTest>& tests) {
  std::vector<CorrectedComparison*> all;
  for (EditTest& test : tests) {
    all.push_back(&test.change);
    if (test.random_trials.empty()) continue;
    all.insert(all.end(), {&test.against_random, &test.against_sorted});
  }
  std::vector<double> p_values;
  for (const auto* comparison : all) p_values.push_back(comparison->comparison.p_value);
  const auto adjusted = Corrected(p_values, Correction::kHolm);
  for (size_t i = 0; i < all.size(); ++i) all[i]->adjusted = adjusted[i];
}

}  // namespace

void Validate(const TargetedEditOptions& options) {
  if (options.most < 1) throw UsageError("--most: at least one unit must be allowed");
  if (!(options.tolerance >= 0 && options.tolerance < 1)) {
    throw UsageError(fmt::format(
        "--tolerance {}: must be 0 to below 1 (a share, 0.01 is one point)", options.tolerance));
  }
  if (options.trials < 0) throw UsageError("--trials: must not be negative");
  if (options.points < 1) throw UsageError("--points: must be at least 1");
}

EditSet TargetedEdit::Edits() const {
  EditSet edits;
  for (int64_t i = 0; i < chosen; ++i) {
    edits.push_back(ZeroUnit(order[i].unit.layer, order[i].unit.unit));
  }
  return edits;
}

int64_t LongestHarmless(std::span<const double> accuracies, double tolerance) {
  constexpr double kRounding = 1e-12;
  int64_t chosen = 0;
  while (chosen + 1 < std::ssize(accuracies) &&
         accuracies[chosen + 1] >= accuracies[0] - tolerance - kRounding) {
    ++chosen;
  }
  return chosen;
}

std::vector<bool> DrawPart(std::span<const int32_t> labels, double part, uint64_t seed) {
  Random random(seed);
  std::vector<size_t> order = random.Permutation(labels.size());
  std::erase_if(order, [&](size_t i) { return labels[i] < 0; });
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return labels[a] < labels[b]; });
  std::vector<bool> drawn(labels.size(), false);
  // Along the photos ordered by class, so that each class is divided as evenly as its number
  // allows.
  double due = random.Uniform();
  for (const size_t i : order) {
    due += part;
    if (due < 1) continue;
    due -= 1;
    drawn[i] = true;
  }
  return drawn;
}

TargetedEdit ChooseEdit(const std::vector<UnitName>& candidates, const std::vector<UnitName>& all,
                        const JudgedPhotos& validation, const std::vector<JudgedPhotos>& tests,
                        const TargetedEditOptions& options) {
  Validate(options);
  TargetedEdit result;
  SingleUnitScores scores(validation);
  result.order = scores.Order(candidates);
  const int64_t most = std::min<int64_t>(options.most, std::ssize(result.order));
  const std::vector<UnitName> names = NamesOf(result.order);
  std::vector<EditSet> beginnings;
  for (int64_t i = 1; i <= most; ++i) {
    beginnings.push_back(ZeroAll(std::span(names).first(static_cast<size_t>(i))));
  }
  const Accuracy baseline = AccuracyOf(validation.baseline);
  result.validation_photos = baseline.photos;
  result.validation.push_back(baseline.Top1());
  for (const auto& verdicts : validation.judge(beginnings)) {
    result.validation.push_back(AccuracyOf(verdicts).Top1());
  }
  result.chosen = LongestHarmless(result.validation, options.tolerance);

  TargetedEditOptions measured = options;
  if (result.chosen == 0) measured.trials = 0;
  const Orders orders = MakeOrders(result.order, all, scores, measured);
  const std::vector<int64_t> steps = StepsOf(most, result.chosen, options.points);
  for (const JudgedPhotos& photos : tests) {
    result.tests.push_back(RunTest(photos, orders, steps, result.chosen, measured));
  }
  Correct(result.tests);
  return result;
}

}  // namespace milan
