#pragma once

#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "milan/actions/concept.h"
#include "milan/actions/significance.h"
#include "milan/actions/unit_pairs.h"
#include "milan/exemplar/run.h"
#include "milan/text/descriptions.h"
#include "milan/text/unit_list.h"

namespace milan {

/// How sure a description is, where the describer says so (docs/actions.md).
struct Confidence {
  std::optional<double> value;   ///< Column "confidence".
  std::optional<bool> reliable;  ///< Column "reliable".
};
using Confidences = std::map<UnitName, Confidence>;
/// Of RUN/descriptions.csv's columns "confidence" and "reliable", which may be missing: then empty.
/// Throws kInput naming file, row and column where one holds no number, or neither yes nor no.
Confidences ReadConfidences(const Path& run_folder);

/// A unit whose descriptions speak of the concept.
struct Finding {
  UnitName unit;
  std::string description;
  ConceptMatch match;
  /// Which text it is: 0 the description, 1 the first runner-up, ...
  int64_t place = 0;
  /// Part of the likelihood p(d|E) of description and runners-up that the texts with the concept
  /// have: 1 when all speak of it. Not a probability that the unit does.
  double support = 0;
  Confidence confidence;

  /// The description itself speaks of it, by a word or its meaning. Runners-up and words that are
  /// merely near are weaker evidence: shown, but not counted.
  bool IsStrong() const { return place == 0 && match.evidence != Evidence::kNear; }
};

/// What was found in one layer.
struct LayerFindings {
  std::string layer;
  int64_t described = 0;   ///< Units with a description: what all else is counted of.
  int64_t strong = 0;      ///< Units with a strong finding.
  int64_t by_word = 0;     ///< Of these, by the word itself.
  int64_t weak = 0;        ///< Units with a weaker finding only.
  int64_t as_letters = 0;  ///< Units whose description has the letters anywhere: for comparison.

  Share StrongShare() const { return {strong, described}; }
};

/// The audit of one run.
struct RunFindings {
  std::vector<Finding>
      findings;  ///< One per unit: strong ones first, then by evidence and support.
  std::vector<LayerFindings> layers;  ///< In the run's order, those with a described unit.
  std::set<UnitName> described;       ///< Units with a description.

  int64_t Described() const { return std::ssize(described); }
  int64_t Strong() const;
  Share StrongShare() const { return {Strong(), Described()}; }
};

/// Looks for the concept in all descriptions and runners-up. `layers` gives the order.
RunFindings FindConcept(const Descriptions& descriptions, const std::vector<RunLayer>& layers,
                        const Concept& concept_, const ConceptResources& resources,
                        const Confidences& confidences);

/// Strong findings of two runs beside each other.
struct ShareComparison {
  std::string layer;  ///< Empty: all units.
  Share a;
  Share b;
  Interval difference;  ///< Of the shares, a - b; Newcombe, 95 %.
  double p_value = 1;   ///< Fisher's exact test.
  double adjusted = 1;  ///< Corrected for the number of layers compared.

  bool IsSignificant() const { return adjusted < kAlpha; }
};

struct AuditComparison {
  std::vector<ShareComparison> layers;  ///< Those that both runs have.
  std::vector<std::string> only_a;      ///< Layers with descriptions that the other run lacks.
  std::vector<std::string> only_b;
  ShareComparison all;  ///< All described units of these layers, or, when there are none, of
                        ///< all layers; not corrected.
  std::vector<UnitPair> pairs;  ///< Units that answer to the same photos; may be empty.
  std::string no_pairs;         ///< Why there are no pairs; empty when they were sought.
  int64_t pairs_both = 0;       ///< Pairs with a strong finding in both, in one only.
  int64_t pairs_only_a = 0;
  int64_t pairs_only_b = 0;
  double pairs_p_value = 1;  ///< McNemar's exact test over the pairs.
};

/// Counts of layers of the same name are tested, corrected for their number. Of `pairs` of the two
/// runs' units those are kept that are described in both.
AuditComparison CompareFindings(const RunFindings& a, const RunFindings& b,
                                std::vector<UnitPair> pairs, Correction correction);

}  // namespace milan
