#pragma once

#include <memory>
#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/criterion.h"
#include "milan/exemplar/run.h"
#include "milan/text/descriptions.h"
#include "milan/text/unit_list.h"

namespace milan {

struct DescribeOptions {
  // Affects results.
  int beam_size = 50;  ///< Hypotheses kept by the beam search (paper: 50).
  Criterion criterion = Criterion::kConsensus;
  Prior prior = Prior::kLanguage;  ///< Of pmi, and so of consensus.
  double pmi_weight = 0.2;         ///< lambda in log p(d|E) - lambda * log p(d) (reference: 0.2).
  int length = 15;                 ///< Longest description in tokens, the end mark included.
  int runners_up = 5;              ///< Other descriptions kept per unit.
  /// Sorted: only these units are described and in the result. Empty: all units of the run.
  std::vector<UnitName> units;
  // Affects speed only.
  int workers = 0;  ///< 0: one per processor.
};
/// Throws kUsage naming the option and its range.
void Validate(const DescribeOptions& options);

/// The units that Describe will answer for: options.units, or all of the run; layers in the run's
/// order, units ascending. Throws kUsage naming a unit that the run does not have.
std::vector<UnitName> ChosenUnits(const RunManifest& manifest, const DescribeOptions& options);

/// Describes the chosen units of a run: region features by the bundle's encoder (each
/// photo encoded once), beam search under log p(d|E), rerank by pmi (method.md 7). Units that are
/// dead, constant or invalid get their state and no text. Where
/// the bundle is calibrated every text gets the probability that it is right. Throws kInput when a
/// photo of the run is gone.
Descriptions Describe(const Run& run, const Bundle& bundle, const DescribeOptions& options,
                      Progress& progress);

}  // namespace milan
