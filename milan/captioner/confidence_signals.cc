#include "milan/captioner/confidence_signals.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "milan/captioner/sequence_scores.h"
#include "milan/evaluate/content_words.h"

namespace milan {
namespace {

using Words = std::set<std::string>;

double Mean(const std::vector<double>& values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// With a floor: null sets that all score alike must not make every difference a huge one.
double Deviation(const std::vector<double>& values, double floor) {
  const double mean = Mean(values);
  double square = 0;
  for (const double value : values) square += (value - mean) * (value - mean);
  return std::max(floor, std::sqrt(square / static_cast<double>(values.size())));
}

/// The rows of halves of k exemplars, each half repeated in turn up to k, as the exemplars of a
/// unit with few of them are.
std::vector<std::vector<int64_t>> Halves(int64_t k, int count, uint64_t seed) {
  Random random(seed);
  std::vector<std::vector<int64_t>> halves;
  const int64_t size = std::max<int64_t>(1, (k + 1) / 2);
  for (int i = 0; i < count; ++i) {
    const std::vector<size_t> order = random.Permutation(static_cast<size_t>(k));
    std::vector<int64_t>& half = halves.emplace_back();
    for (int64_t row = 0; row < k; ++row) {
      half.push_back(static_cast<int64_t>(order[static_cast<size_t>(row % size)]));
    }
    std::sort(half.begin(), half.end());
  }
  return halves;
}

/// Agreement of a text with others, weighted.
double WeightedAgreement(const Words& words, const std::vector<Words>& others,
                         const std::vector<double>& weights) {
  double sum = 0;
  double total = 0;
  for (size_t i = 0; i < others.size(); ++i) {
    sum += weights[i] * ContentWordF1(words, others[i]);
    total += weights[i];
  }
  return total > 0 ? sum / total : 0;
}

double MeanPairAgreement(const std::vector<Words>& texts) {
  std::vector<double> agreements;
  for (size_t i = 0; i < texts.size(); ++i) {
    for (size_t j = 0; j < i; ++j) agreements.push_back(ContentWordF1(texts[i], texts[j]));
  }
  return Mean(agreements);
}

}  // namespace

const std::vector<std::string>& SignalNames() {
  static const std::vector<std::string> kNames = {
      "gain_over_null",      "deviations_above_null", "stability",
      "agreement_of_halves", "expected_agreement",    "likelihood_per_token",
      "prior_per_token",     "content_words",         "coherence"};
  return kNames;
}

torch::Tensor MixSets(const torch::Tensor& regions, int64_t sets, int64_t k, uint64_t seed) {
  Random random(seed);
  const auto rows = static_cast<size_t>(regions.size(0));
  std::vector<int64_t> places;
  for (int64_t set = 0; set < sets; ++set) {
    const std::vector<size_t> order = random.Permutation(rows);
    for (int64_t i = 0; i < k; ++i) {
      places.push_back(static_cast<int64_t>(order[static_cast<size_t>(i) % rows]));
    }
  }
  return regions.index_select(0, torch::tensor(places, torch::kLong))
      .view({sets, k, regions.size(1)});
}

const Candidate* ChosenOf(const Captioner& captioner, const std::vector<Candidate>& candidates) {
  const auto found =
      std::find_if(candidates.begin(), candidates.end(),
                   [&](const Candidate& candidate) { return !captioner.Text(candidate).empty(); });
  return found == candidates.end() ? nullptr : &*found;
}

ConfidenceSignals::ConfidenceSignals(const Captioner& captioner, const torch::Tensor& null_regions,
                                     int64_t k, SignalOptions options)
    : captioner_(captioner), options_(options) {
  MILAN_CHECK(null_regions.dim() == 2 && null_regions.size(0) >= 2,
              "confidences need regions of other units");
  const torch::NoGradGuard no_gradient;
  null_memory_ =
      captioner.decoder()->Encode(MixSets(null_regions, options.null_sets, k, options.seed));
  constexpr double kFloor = 1e-3;
  mean_ = null_regions.mean(0);
  scale_ = null_regions.std(0).clamp_min(kFloor);
}

std::vector<std::vector<std::string>> ConfidenceSignals::DescribeHalves(
    const torch::Tensor& features) const {
  const int64_t k = features.size(1);
  const SearchOptions search = {options_.resample_beam, options_.length, options_.pmi_weight,
                                options_.criterion};
  std::vector<torch::Tensor> sets;
  for (const auto& half : Halves(k, options_.resamples, options_.seed)) {
    sets.push_back(features.index_select(1, torch::tensor(half, torch::kLong)));
  }
  if (sets.empty())
    return std::vector<std::vector<std::string>>(static_cast<size_t>(features.size(0)));
  // All in one search: a few large matrix products are faster than many small ones.
  const auto results = captioner_.Rerank(torch::cat(sets), search);
  const auto units = static_cast<size_t>(features.size(0));
  std::vector<std::vector<std::string>> texts(units);
  for (size_t i = 0; i < results.size(); ++i) {
    const Candidate* chosen = ChosenOf(captioner_, results[i]);
    texts[i % units].push_back(chosen == nullptr ? "" : captioner_.Text(*chosen));
  }
  return texts;
}

/// How much more alike the regions of a unit are than those of different units: the logarithm of
/// the mean over features of k * (mean of the standardised feature)^2, which is about 0 for regions
/// that have nothing in common.
double ConfidenceSignals::Coherence(const torch::Tensor& features) const {
  constexpr double kFloor = 1e-3;
  const torch::Tensor standardised = (features - mean_) / scale_;
  const double energy = standardised.mean(0).square().mean().item<double>();
  return std::log(std::max(kFloor, energy * static_cast<double>(features.size(0))));
}

std::vector<std::vector<double>> ConfidenceSignals::ScoreUnderNull(
    const std::vector<const Candidate*>& chosen) const {
  std::vector<std::vector<int>> sequences;
  for (const Candidate* candidate : chosen) {
    sequences.push_back(candidate == nullptr ? std::vector<int>() : candidate->tokens);
  }
  return ScoreUnder(*captioner_.decoder(), null_memory_, sequences,
                    captioner_.vocabulary().start());
}

std::vector<std::vector<double>> ConfidenceSignals::Compute(
    const torch::Tensor& features, const std::vector<std::vector<Candidate>>& candidates) const {
  const torch::NoGradGuard no_gradient;
  const auto halves = DescribeHalves(features);
  std::vector<const Candidate*> all_chosen;
  for (const auto& of_unit : candidates) all_chosen.push_back(ChosenOf(captioner_, of_unit));
  const auto all_under_null = ScoreUnderNull(all_chosen);
  std::vector<std::vector<double>> signals(candidates.size());
  for (size_t unit = 0; unit < candidates.size(); ++unit) {
    const Candidate* chosen = all_chosen[unit];
    if (chosen == nullptr) continue;
    const auto tokens = static_cast<double>(chosen->tokens.size());
    const std::vector<double>& under_null = all_under_null[unit];
    const double gain = chosen->log_likelihood - Mean(under_null);
    constexpr double kSmallest = 0.5;  // nats
    const Words words = ContentWords(captioner_.Text(*chosen));
    std::vector<Words> half_words;
    for (const std::string& text : halves[unit]) half_words.push_back(ContentWords(text));
    signals[unit] = {
        gain / tokens,
        gain / Deviation(under_null, kSmallest),
        WeightedAgreement(words, half_words, std::vector<double>(half_words.size(), 1)),
        MeanPairAgreement(half_words),
        chosen->agreement,
        chosen->log_likelihood / tokens,
        chosen->log_prior / tokens,
        static_cast<double>(words.size()),
        Coherence(features[static_cast<int64_t>(unit)])};
  }
  return signals;
}

}  // namespace milan
