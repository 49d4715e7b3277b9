#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "milan/evaluate/interval.h"

namespace milan {

// How sure a count or a difference is. All are pure functions; p-values are two-sided unless said
// otherwise.

/// `count` of `total` items.
struct Share {
  int64_t count = 0;
  int64_t total = 0;

  double Value() const;  ///< 0 of none.
};

/// 95 % interval of a share by Wilson's score. [0, 1] of none.
Interval ShareInterval(const Share& share);
/// 95 % interval of a.Value() - b.Value() by Newcombe's hybrid score method, for independent items.
Interval DifferenceInterval(const Share& a, const Share& b);

/// Fisher's exact test that two independent shares are of equal probability: the sum of the
/// probabilities of all tables, given the margins, that are no likelier than this one. 1 when a
/// total is 0.
double FisherExact(const Share& a, const Share& b);

/// McNemar's exact test on pairs: `only_a` of them hold in a and not in b, `only_b` the other way
/// round. 1 when both are 0.
double McNemarExact(int64_t only_a, int64_t only_b);

/// Probability that of `drawn` items, drawn without replacement from `total` of which `marked` are
/// marked, at least `at_least` are marked.
double HypergeometricTail(int64_t total, int64_t marked, int64_t drawn, int64_t at_least);

/// How p-values are corrected for their number.
enum class Correction {
  kHolm,              ///< Any false alarm among all tests is as rare as alpha.
  kBenjaminiHochberg  ///< The expected part of false alarms among all alarms is at most alpha.
};
std::string ToString(Correction correction);  ///< "holm", "bh"
/// Throws kUsage naming the known ones.
Correction ParseCorrection(std::string_view text);
/// Adjusted p-values in the order given: below alpha means significant at alpha. At most 1.
std::vector<double> Corrected(std::span<const double> p_values, Correction correction);

/// Below which adjusted p-value a difference is called significant.
inline constexpr double kAlpha = 0.05;

/// A difference of two means with its 95 % interval and p-value.
struct Comparison {
  Interval difference;
  double p_value = 1;
};

/// Outcomes of trials over the same items: [trial][item], such as 1 where a photo is classified
/// right. All trials have as many items.
using TrialOutcomes = std::vector<std::vector<float>>;

/// Mean of a less mean of b, by a bootstrap over items (the same ones for both: paired) and, where
/// there are several, over trials. The p-value is twice the smaller part of resamples on one side
/// of 0, at least 2 / (resamples + 1). REQUIRES: no side without trials. No items: p-value 1.
Comparison CompareTrials(const TrialOutcomes& a, const TrialOutcomes& b,
                         const BootstrapOptions& options);
/// Mean over items and trials, its interval by the same bootstrap.
Interval MeanOfTrials(const TrialOutcomes& outcomes, const BootstrapOptions& options);

/// The difference of the means of two independent groups of values, by a bootstrap over each.
Comparison CompareGroups(std::span<const double> a, std::span<const double> b,
                         const BootstrapOptions& options);

}  // namespace milan
