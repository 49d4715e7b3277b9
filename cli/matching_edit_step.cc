#include "cli/matching_edit_step.h"

#include <algorithm>
#include <optional>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/photo_judge.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"

namespace milan {
namespace {

/// Units of a run by their descriptions.
struct MatchingUnits {
  std::vector<UnitName> matching;
  std::vector<UnitName> all;  ///< Alive ones: what controls are drawn from.
};

/// With `report.guesses` set, units whose descriptions are not reliable are counted there and never
/// match.
MatchingUnits FindMatching(const Descriptions& descriptions, const Concept& concept_,
                           const ConceptResources& resources, const std::set<std::string>& layers,
                           EditReport& report) {
  MatchingUnits units;
  for (const UnitDescription& unit : descriptions.units) {
    if (unit.best.text.empty() || !layers.contains(unit.layer)) continue;
    const UnitName name = {unit.layer, unit.unit};
    units.all.push_back(name);
    const bool has_letters = concept_.MatchesAsSubstring(unit.best.text);
    if (has_letters) ++report.as_letters;
    if (concept_.Match(unit.best.text, resources)) {
      if (report.guesses && !descriptions.IsReliable(unit).value_or(false)) {
        ++*report.guesses;
        continue;
      }
      units.matching.push_back(name);
      report.descriptions[name] = unit.best.text;
    } else if (has_letters) {
      report.letters_only.push_back(name);
      report.letters_only_texts[name] = unit.best.text;
    }
  }
  report.described = std::ssize(units.all);
  if (!units.matching.empty()) return units;
  throw InputError(fmt::format(
      "no {}description of {} has '{}' as a word ({} of {} have the letters{}); nothing to edit",
      report.guesses ? "reliable " : "", report.run.string(), concept_.text(), report.as_letters,
      report.described,
      report.guesses ? fmt::format(", {} of them guesses", *report.guesses) : " only"));
}

/// Whether guesses are told from reliable descriptions, and can be.
std::optional<int64_t> NoGuessesYet(const MatchingOptions& options,
                                    const Descriptions& descriptions) {
  if (!options.only_reliable) return std::nullopt;
  if (descriptions.calibration) return 0;
  throw UsageError(fmt::format(
      "--only-reliable: the descriptions of {} have no confidences, because the bundle that made "
      "them is not calibrated (milan calibrate); leave the option out to take all that match",
      options.run.string()));
}

/// Labels of the photos that are in the part, or of those that are not; -1 for the others.
std::vector<int32_t> PartOf(const std::vector<int32_t>& labels, const std::vector<bool>& part,
                            bool is_in) {
  std::vector<int32_t> kept = labels;
  for (size_t i = 0; i < kept.size(); ++i) {
    if (part[i] != is_in) kept[i] = -1;
  }
  return kept;
}

void CheckOptions(const MatchingOptions& options) {
  Validate(options.edit);
  if (options.run.empty()) {
    throw UsageError("--matching needs --run RUN: the described run that says what units are");
  }
  if (options.photos.empty()) {
    throw UsageError("--matching needs PHOTOS, labelled ones, that units are scored on");
  }
  if (!(options.validation_part > 0 && options.validation_part < 1)) {
    throw UsageError(
        fmt::format("--validation-part {}: must be between 0 and 1", options.validation_part));
  }
}

void WarnOfAnotherNetwork(const Path& network, const Run& run, Terminal& terminal) {
  if (HashFile(network) == run.manifest.network_hash) return;
  terminal.Warn(
      fmt::format("{} is not the file that {} was made of ({}): its descriptions may not fit",
                  network.string(), run.folder.string(), run.manifest.network_path));
}

/// What validation and tests are taken from, for people.
std::string PhotosText(const MatchingOptions& options) {
  std::string text = options.test.empty()
                         ? fmt::format("{}, {:.0f} % of it for validation, the rest as clean test",
                                       options.photos.string(), 100 * options.validation_part)
                         : fmt::format("validation {}, clean test {}", options.photos.string(),
                                       options.test.string());
  if (!options.counter_cue.empty()) text += ", counter-cue " + options.counter_cue.string();
  return text;
}

/// With all photo sets open; they are referred to until the end.
TargetedEdit Measure(const JudgeSetting& setting, const MatchingUnits& units,
                     const MatchingOptions& options) {
  const LabelledPhotos photos =
      OpenLabelledPhotos(options.photos, options.labels, setting.classifier);
  const bool is_divided = options.test.empty();
  std::vector<bool> part(photos.labels.size(), true);
  if (is_divided) part = DrawPart(photos.labels, options.validation_part, options.edit.seed);
  LabelledPhotos test;
  LabelledPhotos cue;
  if (!is_divided) test = OpenLabelledPhotos(options.test, options.test_labels, setting.classifier);
  if (!options.counter_cue.empty()) {
    cue = OpenLabelledPhotos(options.counter_cue, options.counter_cue_labels, setting.classifier);
  }
  // After this point all photos and labels are known to be usable.
  const PhotoJudge validation(setting, photos, PartOf(photos.labels, part, true));
  const PhotoJudge clean = is_divided
                               ? PhotoJudge(setting, photos, PartOf(photos.labels, part, false))
                               : PhotoJudge(setting, test, test.labels);
  const PhotoJudge counter_cue(setting, cue, cue.labels);
  std::vector<JudgedPhotos> tests = {clean.As("clean")};
  if (!options.counter_cue.empty()) tests.push_back(counter_cue.As("counter-cue"));
  return ChooseEdit(units.matching, units.all, validation.As("validation"), tests, options.edit);
}

}  // namespace

void AddMatchingOptions(CLI::App& command, MatchingOptions& options) {
  const std::string group = "Units by description";
  const auto add = [&](const std::string& name, auto& variable, const std::string& help) {
    return command.add_option(name, variable, help)->group(group);
  };
  command.add_option("PHOTOS", options.photos,
                     "With --matching: labelled photos that units are scored on");
  add("--matching", options.matching,
      "Remove units whose descriptions have one of these words, as far as accuracy allows: "
      "'text|letters', whole words; re:REGEX for a pattern");
  add("--run", options.run, "Described run of the network");
  add("--layers", options.layers, "Only these layers of the run: names, globs (default: all)")
      ->delimiter(',')
      ->allow_extra_args(false);
  add("--labels", options.labels, "CSV with columns photo, label (default: the folders' names)");
  add("--test", options.test, "Clean photos for the result (default: half of PHOTOS, kept apart)");
  add("--test-labels", options.test_labels, "Their labels");
  add("--counter-cue", options.counter_cue, "Photos in which the cue misleads, for the result");
  add("--counter-cue-labels", options.counter_cue_labels, "Their labels");
  add("--validation-part", options.validation_part, "Of PHOTOS, without --test")
      ->capture_default_str();
  add("--most", options.edit.most, "Units removed at most")->capture_default_str();
  add("--tolerance", options.edit.tolerance,
      "By how much accuracy on validation may fall: 0.01 is one point")
      ->capture_default_str();
  add("--trials", options.edit.trials, "Of each control: random units, units of any description")
      ->capture_default_str();
  add("--points", options.edit.points, "Numbers of units at which curves are measured")
      ->capture_default_str();
  add("--seed", options.edit.seed, "Of the division of PHOTOS and the controls")
      ->capture_default_str();
  command
      .add_flag("--only-reliable", options.only_reliable,
                "Leave units alone whose descriptions are only guesses")
      ->group(group);
  command.add_flag("--synonyms", options.with_synonyms, "WordNet's synonyms and kinds match, too")
      ->group(group);
  add("--wordnet", options.words.wordnet,
      fmt::format("WordNet's dict folder (default: {})", WordNet::kDebianFolder));
  add("--report", options.report, "Folder of the report (default: EDITED.report)");
  add("--classes", options.classes.classes,
      "Class names, one per line (default: the file that the sidecar's \"labels\" names)");
  add("--logits", options.classes.logits,
      "The value with one number per class (default: the network's first output)");
  add("--memory", options.ablation.memory_limit,
      "Most memory for values kept per photo (2GB); what is more goes to $TMPDIR")
      ->transform(CLI::AsSizeValue(true));
}

MatchingEdit ChooseMatchingUnits(const Path& network, const MatchingOptions& options,
                                 const PreprocessingOptions& preprocessing, Terminal& terminal) {
  CheckOptions(options);
  const Concept concept_ = Concept::Parse(options.matching);
  const Run run = OpenRun(options.run);
  MatchingEdit result;
  EditReport& report = result.report;
  report.matching = options.matching;
  report.network = network;
  report.run = options.run;
  report.options = options.edit;
  std::unique_ptr<LoadedWords> words;
  ConceptResources resources;
  if (options.with_synonyms) {
    words = LoadWords(options.words, "synonyms are not looked for", terminal);
    resources.senses = words->SensesOrNull();
  }
  const Descriptions descriptions = RequireDescriptions(run);
  report.guesses = NoGuessesYet(options, descriptions);
  WarnOfAnotherNetwork(network, run, terminal);
  const Classifier classifier =
      PrepareClassifierWithClasses(network, options.classes, preprocessing, terminal);
  const std::vector<RunLayer> layers =
      PresentLayers(classifier,
                    options.layers.empty() ? run.manifest.layers
                                           : SelectRunLayers(run.manifest.layers, options.layers),
                    terminal);
  std::set<std::string> names;
  for (const RunLayer& layer : layers) names.insert(layer.name);
  const MatchingUnits units = FindMatching(descriptions, concept_, resources, names, report);
  const std::vector<UnitAxis> axes = AxesOf(classifier, layers);
  terminal.Say(fmt::format("{} units match '{}' as words, {} as letters anywhere",
                           units.matching.size(), options.matching, report.as_letters));
  report.photos = PhotosText(options);
  report.edit = Measure({classifier, axes, options.ablation, terminal}, units, options);
  std::set<std::string> edited;
  for (const UnitEdit& edit : report.edit.Edits()) edited.insert(edit.layer);
  for (const UnitAxis& axis : axes) {
    if (edited.contains(axis.layer)) result.layers.push_back(axis);
  }
  return result;
}

Path ReportFolder(const MatchingOptions& options, const Path& edited) {
  return options.report.empty() ? Path(edited).replace_extension(".report") : options.report;
}

}  // namespace milan
