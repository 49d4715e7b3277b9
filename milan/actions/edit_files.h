#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "milan/actions/targeted_edit.h"
#include "milan/base/file.h"
#include "milan/text/descriptions.h"

namespace milan {

/// A choice of units by description, what it did, and what all that was measured on.
struct EditReport {
  std::string matching;  ///< The concept.
  Path network;
  Path edited;             ///< Where the edited network is; empty when none was written.
  Path run;                ///< Whose descriptions.
  std::string photos;      ///< That validation was taken from, for people.
  int64_t described = 0;   ///< Units that have a description.
  int64_t as_letters = 0;  ///< Of these, those that have the letters anywhere.
  /// Matching units that were left alone because their descriptions are guesses; none: guesses were
  /// taken like all others.
  std::optional<int64_t> guesses = {};
  std::map<UnitName, std::string> descriptions;  ///< Of the matching ones.
  std::vector<UnitName> letters_only;            ///< Letters without the word: "texture" for text.
  std::map<UnitName, std::string> letters_only_texts;
  TargetedEditOptions options;
  TargetedEdit edit;
};

/// The sentences that sum it up: counts, choice, effect with intervals, what is not significant.
std::vector<std::string> Summarize(const EditReport& report);

/// edit.json (format `milan-edit`, docs/actions.md), with a final newline.
std::string ToJson(const EditReport& report);
/// units.csv: order,layer,unit,removed,validation_accuracy,description.
std::string UnitsCsv(const EditReport& report);
/// curve.csv: photos,units,edit,edit_low,edit_high,random,...,sorted,...
std::string CurveCsv(const EditReport& report);

/// Writes index.html, edit.json, units.csv, curve.csv and accuracy-<photos>.svg into a folder that
/// appears as a whole, in place of an older report of an edit. Throws kUsage when it is something
/// else; kResource.
void WriteEditReport(const EditReport& report, const Path& folder);

}  // namespace milan
