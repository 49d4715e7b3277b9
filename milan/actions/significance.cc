#include "milan/actions/significance.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

constexpr double kNormalQuantile = 1.959963984540054;  // 97.5 %

double LogChoose(int64_t n, int64_t k) {
  const auto log_factorial = [](int64_t x) { return std::lgamma(static_cast<double>(x) + 1); };
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
}

/// Log of the probability of `hits` marked ones.
double LogHypergeometric(int64_t total, int64_t marked, int64_t drawn, int64_t hits) {
  return LogChoose(marked, hits) + LogChoose(total - marked, drawn - hits) -
         LogChoose(total, drawn);
}

/// How often each of `count` items is drawn in `count` draws with replacement.
void DrawWeights(size_t count, Random& random, std::vector<int>& weights) {
  weights.assign(count, 0);
  for (size_t i = 0; i < count; ++i) ++weights[random.Below(count)];
}

double WeightedMean(const std::vector<float>& values, const std::vector<int>& weights) {
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) sum += static_cast<double>(values[i]) * weights[i];
  return sum / static_cast<double>(values.size());
}

/// Mean over trials drawn with replacement of the weighted means of their items.
double ResampledMean(const TrialOutcomes& outcomes, const std::vector<int>& item_weights,
                     Random& random) {
  if (outcomes.size() == 1) return WeightedMean(outcomes.front(), item_weights);
  std::vector<int> trial_weights;
  DrawWeights(outcomes.size(), random, trial_weights);
  double sum = 0;
  for (size_t trial = 0; trial < outcomes.size(); ++trial) {
    if (trial_weights[trial] == 0) continue;
    sum += trial_weights[trial] * WeightedMean(outcomes[trial], item_weights);
  }
  return sum / static_cast<double>(outcomes.size());
}

double MeanOf(const TrialOutcomes& outcomes) {
  double sum = 0;
  for (const std::vector<float>& trial : outcomes) {
    sum += std::accumulate(trial.begin(), trial.end(), 0.0) / static_cast<double>(trial.size());
  }
  return sum / static_cast<double>(outcomes.size());
}

/// Linear interpolation between the two nearest of the sorted values.
double QuantileOf(const std::vector<double>& sorted, double fraction) {
  const double place = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - static_cast<double>(below));
}

Comparison Summarize(double value, std::vector<double> resampled) {
  std::sort(resampled.begin(), resampled.end());
  const auto count = static_cast<double>(resampled.size());
  const auto not_above = static_cast<double>(
      std::upper_bound(resampled.begin(), resampled.end(), 0.0) - resampled.begin());
  const auto not_below = static_cast<double>(
      resampled.end() - std::lower_bound(resampled.begin(), resampled.end(), 0.0));
  const double smaller = (std::min(not_above, not_below) + 1) / (count + 1);
  return {{value, QuantileOf(resampled, 0.025), QuantileOf(resampled, 0.975)},
          std::min(1.0, 2 * smaller)};
}

}  // namespace

double Share::Value() const {
  return total == 0 ? 0 : static_cast<double>(count) / static_cast<double>(total);
}

Interval ShareInterval(const Share& share) {
  if (share.total == 0) return {0, 0, 1};
  const auto n = static_cast<double>(share.total);
  const double z2 = kNormalQuantile * kNormalQuantile;
  const double p = share.Value();
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half =
      kNormalQuantile / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  // Exact at the ends, where rounding would leave a trace.
  return {p, share.count == 0 ? 0 : std::max(0.0, centre - half),
          share.count == share.total ? 1 : std::min(1.0, centre + half)};
}

Interval DifferenceInterval(const Share& a, const Share& b) {
  const Interval x = ShareInterval(a);
  const Interval y = ShareInterval(b);
  const double difference = x.value - y.value;
  return {difference, difference - std::hypot(x.value - x.low, y.high - y.value),
          difference + std::hypot(x.high - x.value, y.value - y.low)};
}

double FisherExact(const Share& a, const Share& b) {
  if (a.total == 0 || b.total == 0) return 1;
  const int64_t total = a.total + b.total;
  const int64_t marked = a.count + b.count;
  const int64_t lowest = std::max<int64_t>(0, marked - b.total);
  const int64_t highest = std::min(a.total, marked);
  // Equally likely tables must not be told apart by rounding.
  const double limit = LogHypergeometric(total, marked, a.total, a.count) + 1e-7;
  double sum = 0;
  for (int64_t hits = lowest; hits <= highest; ++hits) {
    const double log_p = LogHypergeometric(total, marked, a.total, hits);
    if (log_p <= limit) sum += std::exp(log_p);
  }
  return std::min(1.0, sum);
}

double McNemarExact(int64_t only_a, int64_t only_b) {
  const int64_t pairs = only_a + only_b;
  double tail = 0;
  for (int64_t i = 0; i <= std::min(only_a, only_b); ++i) {
    tail += std::exp(LogChoose(pairs, i) - static_cast<double>(pairs) * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

double HypergeometricTail(int64_t total, int64_t marked, int64_t drawn, int64_t at_least) {
  double sum = 0;
  const int64_t lowest = std::max<int64_t>({0, at_least, marked + drawn - total});
  for (int64_t hits = lowest; hits <= std::min(marked, drawn); ++hits) {
    sum += std::exp(LogHypergeometric(total, marked, drawn, hits));
  }
  return std::min(1.0, sum);
}

std::string ToString(Correction correction) {
  return correction == Correction::kHolm ? "holm" : "bh";
}

Correction ParseCorrection(std::string_view text) {
  if (text == "holm") return Correction::kHolm;
  if (text == "bh") return Correction::kBenjaminiHochberg;
  throw UsageError("correction '" + std::string(text) +
                   "': expected holm, or bh (Benjamini and Hochberg)");
}

std::vector<double> Corrected(std::span<const double> p_values, Correction correction) {
  const size_t count = p_values.size();
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(count);
  const auto tests = static_cast<double>(count);
  if (correction == Correction::kHolm) {
    double largest = 0;
    for (size_t i = 0; i < count; ++i) {
      largest = std::max(largest, p_values[order[i]] * (tests - static_cast<double>(i)));
      adjusted[order[i]] = std::min(1.0, largest);
    }
    return adjusted;
  }
  double smallest = 1;
  for (size_t i = count; i-- > 0;) {
    smallest = std::min(smallest, p_values[order[i]] * tests / static_cast<double>(i + 1));
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

Comparison CompareTrials(const TrialOutcomes& a, const TrialOutcomes& b,
                         const BootstrapOptions& options) {
  MILAN_CHECK(!a.empty() && !b.empty() && options.resamples > 0, "nothing to compare");
  const size_t items = a.front().size();
  if (items == 0) return {};
  Random random(options.seed);
  std::vector<int> weights;
  std::vector<double> resampled;
  for (int i = 0; i < options.resamples; ++i) {
    DrawWeights(items, random, weights);
    const double mean = ResampledMean(a, weights, random);
    resampled.push_back(mean - ResampledMean(b, weights, random));
  }
  return Summarize(MeanOf(a) - MeanOf(b), std::move(resampled));
}

Interval MeanOfTrials(const TrialOutcomes& outcomes, const BootstrapOptions& options) {
  const TrialOutcomes nothing = {std::vector<float>(outcomes.empty() ? 0 : outcomes[0].size())};
  return CompareTrials(outcomes, nothing, options).difference;
}

Comparison CompareGroups(std::span<const double> a, std::span<const double> b,
                         const BootstrapOptions& options) {
  if (a.empty() || b.empty()) return {};
  Random random(options.seed);
  const auto draw = [&](std::span<const double> values) {
    double sum = 0;
    for (size_t i = 0; i < values.size(); ++i) sum += values[random.Below(values.size())];
    return sum / static_cast<double>(values.size());
  };
  const auto mean = [](std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  std::vector<double> resampled;
  for (int i = 0; i < options.resamples; ++i) {
    const double of_a = draw(a);
    resampled.push_back(of_a - draw(b));
  }
  return Summarize(mean(a) - mean(b), std::move(resampled));
}

}  // namespace milan
