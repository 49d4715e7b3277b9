#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "milan/captioner/captioner.h"
#include "milan/captioner/confidence.h"

namespace milan {

/// The names of the signals, in the order in which ConfidenceSignals gives them.
const std::vector<std::string>& SignalNames();

/// Sets [sets, k, features] of regions of different units: each row is drawn from
/// `regions` [rows, features], no row twice in a set while there are enough. Reproducible.
torch::Tensor MixSets(const torch::Tensor& regions, int64_t sets, int64_t k, uint64_t seed);

/// What a description and its unit look like from outside: the more often descriptions that looked
/// so were right, the more it is believed (confidence.h). Thread-safe; refers to the captioner.
class ConfidenceSignals {
 public:
  /// `null_regions` [rows, features]: region features of exemplars of as many different units. `k`:
  /// exemplars of each unit to come. REQUIRES: at least two rows.
  ConfidenceSignals(const Captioner& captioner, const torch::Tensor& null_regions, int64_t k,
                    SignalOptions options);

  /// Signals of each unit of `features` [units, k, features], for the description that is chosen of
  /// its `candidates` (ordered as Captioner::Rerank does; the first one with words). An empty list
  /// where none has words. A unit's signals do not depend on the units beside it.
  std::vector<std::vector<double>> Compute(
      const torch::Tensor& features, const std::vector<std::vector<Candidate>>& candidates) const;

 private:
  /// Texts of halves of the exemplars, by unit.
  std::vector<std::vector<std::string>> DescribeHalves(const torch::Tensor& features) const;
  /// log p(d|E) of the chosen texts under the null sets; nothing where none is chosen.
  std::vector<std::vector<double>> ScoreUnderNull(
      const std::vector<const Candidate*>& chosen) const;
  double Coherence(const torch::Tensor& features) const;

  const Captioner& captioner_;
  Tensors null_memory_;  ///< Of sets of regions that mean nothing.
  torch::Tensor mean_;   ///< [features], of the null regions
  torch::Tensor scale_;  ///< [features]
  SignalOptions options_;
};

/// The first candidate that has words; null when none has.
const Candidate* ChosenOf(const Captioner& captioner, const std::vector<Candidate>& candidates);

}  // namespace milan
