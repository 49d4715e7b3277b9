#pragma once

#include <cstdint>
#include <string>

#include "cli/classifier_step.h"
#include "cli/concept_step.h"
#include "milan/actions/edit_files.h"
#include "milan/actions/targeted_edit.h"

namespace milan {

/// How the user says which units are removed by their descriptions, and on which photos.
struct MatchingOptions {
  std::string matching;  ///< The concept; empty: edits are named by unit.
  Path run;              ///< Whose descriptions.
  std::vector<std::string> layers;
  Path photos;
  std::string labels;
  Path test;
  std::string test_labels;
  Path counter_cue;
  std::string counter_cue_labels;
  double validation_part = 0.5;
  bool with_synonyms = false;
  bool only_reliable = false;
  Path report;
  WordOptions words;
  ClassOptions classes;
  TargetedEditOptions edit;
  AblationOptions ablation;
};
void AddMatchingOptions(CLI::App& command, MatchingOptions& options);

/// What was chosen, and the network that it was chosen for.
struct MatchingEdit {
  EditReport report;
  std::vector<UnitAxis> layers;  ///< Of the chosen units.
};
/// Chooses the units and measures what their removal does; writes nothing. Throws kUsage, kInput.
MatchingEdit ChooseMatchingUnits(const Path& network, const MatchingOptions& options,
                                 const PreprocessingOptions& preprocessing, Terminal& terminal);

/// Where its report goes: EDITED.report unless the user says otherwise.
Path ReportFolder(const MatchingOptions& options, const Path& edited);

}  // namespace milan
