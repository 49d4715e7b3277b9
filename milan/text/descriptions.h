#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/text/calibration_summary.h"

namespace milan {

/// A text with its scores (natural logarithms, summed over words and the end mark).
struct ScoredText {
  std::string text;
  double log_likelihood = 0;  ///< log p(d|E)
  double log_prior = 0;       ///< log p(d)
  double pmi = 0;             ///< log p(d|E) - lambda * log p(d): what descriptions are ordered by.
};

/// What milan says of one unit.
struct UnitDescription {
  std::string layer;
  int64_t unit = 0;
  std::string state;  ///< "alive", or why there is no description: "dead", "constant", "invalid".
  ScoredText best;    ///< Empty text when state is not "alive".
  std::vector<ScoredText> others;  ///< Runners-up, best first.
  /// Probability that the text is right (docs/confidence.md); none where there is no text, where
  /// the unit has too few exemplars, or where the bundle is not calibrated.
  std::optional<double> confidence = {};
  double threshold = 0;
  std::vector<double> activations;  ///< Peaks of the exemplars, best first.
  std::vector<std::string> photos;  ///< Names of the exemplar photos, best first.
};

/// All descriptions of a run with what made them.
struct Descriptions {
  std::string bundle_name;
  std::string bundle_hash;
  /// What they were chosen by: "pmi", "likelihood" or "consensus".
  std::string criterion = "pmi";
  std::string prior = "language";  ///< What p(d) is: "language" or "network" (criterion.h).
  double pmi_weight = 0.2;
  int beam_size = 50;
  std::vector<UnitDescription> units;  ///< Layers in the run's order, units ascending.
  std::optional<CalibrationSummary> calibration = {};  ///< Of the bundle; none: not calibrated.

  /// Whether the unit's confidence reaches the threshold; if not, its text is a guess. A text of
  /// unknown confidence is one too. None without a calibration, and where there is no text.
  std::optional<bool> IsReliable(const UnitDescription& unit) const;
};

/// descriptions.csv: layer,unit,description,log_likelihood,log_prior,pmi,confidence,reliable
/// (docs/formats.md); units without a description have empty fields. descriptions.json: everything.
/// Both atomic.
void WriteDescriptions(const Path& folder, const Descriptions& descriptions);
/// Reads descriptions.json. Throws kInput naming the file.
Descriptions ReadDescriptions(const Path& folder);

}  // namespace milan
