#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/classifier_step.h"
#include "cli/commands.h"
#include "cli/concept_step.h"
#include "cli/photo_judge.h"
#include "cli/steps.h"
#include "milan/actions/analysis_files.h"
#include "milan/actions/audit_files.h"
#include "milan/actions/html.h"
#include "milan/actions/properties.h"
#include "milan/base/error.h"

namespace milan {
namespace {

struct AnalyzeCommand {
  CommonOptions common;
  Path run;
  Path photos;
  Path network;  ///< Empty: the run's.
  std::string labels;
  ClassOptions classes;
  std::vector<std::string> layers;
  std::vector<std::string> properties;
  std::vector<std::string> importance;
  bool no_curves = false;
  WordOptions words;
  PreprocessingOptions preprocessing;
  AnalysisOptions analysis;
  AblationOptions ablation;
  Path output;
};

/// The described units of the chosen layers.
struct DescribedUnits {
  std::vector<UnitName> units;
  std::vector<std::string> texts;

  DescribedUnits Of(const std::string& layer) const {
    DescribedUnits part;
    for (size_t i = 0; i < units.size(); ++i) {
      if (units[i].layer != layer) continue;
      part.units.push_back(units[i]);
      part.texts.push_back(texts[i]);
    }
    return part;
  }
};

DescribedUnits FindDescribed(const Descriptions& descriptions,
                             const std::vector<RunLayer>& layers) {
  DescribedUnits described;
  for (const UnitDescription& unit : descriptions.units) {
    const bool is_chosen = !unit.best.text.empty() &&
                           std::any_of(layers.begin(), layers.end(),
                                       [&](const auto& layer) { return layer.name == unit.layer; });
    if (!is_chosen) continue;
    described.units.push_back({unit.layer, unit.unit});
    described.texts.push_back(unit.best.text);
  }
  return described;
}

std::vector<LayerCategories> CountLayers(const DescribedUnits& described,
                                         const std::vector<RunLayer>& layers,
                                         const WordClasses& classes) {
  std::vector<LayerCategories> counted;
  for (const RunLayer& layer : layers) {
    const DescribedUnits part = described.Of(layer.name);
    if (part.units.empty()) continue;
    counted.push_back({layer.name, std::ssize(part.units), CountCategories(part.texts, classes)});
  }
  return counted;
}

/// What is analysed.
struct AnalysisSubject {
  const Run& run;
  std::vector<RunLayer> layers;
  DescribedUnits described;
  const WordClasses& classes;
  std::vector<Property> properties;
};

/// What accuracies are measured with, kept alive together.
struct Measurement {
  std::optional<Classifier> classifier;
  LabelledPhotos photos;
  std::vector<RunLayer> layers;  ///< Those that the network has.
  std::vector<UnitAxis> axes;
};

/// Runs `action`; an input that is at fault becomes a reason why not to measure, unless the user
/// named it.
template <typename Step>
bool Succeeds(const Step& step, bool was_named, std::string& reason) {
  try {
    step();
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput || was_named) throw;
    reason = error.what();
    return false;
  }
}

/// Opens network and photos; nothing, with the reason, when accuracy cannot be measured.
std::unique_ptr<Measurement> OpenMeasurement(const AnalyzeCommand& command,
                                             const AnalysisSubject& subject, std::string& reason,
                                             Terminal& terminal) {
  auto measurement = std::make_unique<Measurement>();
  const bool is_named = !command.network.empty();
  const Path network = is_named ? command.network : Path(subject.run.manifest.network_path);
  const auto open_network = [&] {
    measurement->classifier =
        PrepareClassifierWithClasses(network, command.classes, command.preprocessing, terminal);
  };
  const auto find_layers = [&] {
    measurement->layers = PresentLayers(*measurement->classifier, subject.layers, terminal);
    measurement->axes = AxesOf(*measurement->classifier, measurement->layers);
  };
  const auto open_photos = [&] {
    measurement->photos =
        OpenLabelledPhotos(command.photos, command.labels, *measurement->classifier);
  };
  const bool is_open = Succeeds(open_network, is_named, reason) &&
                       Succeeds(find_layers, false, reason) &&
                       Succeeds(open_photos, !command.labels.empty(), reason);
  return is_open ? std::move(measurement) : nullptr;
}

std::vector<PropertyValues> ValuesOf(const std::vector<Property>& properties,
                                     const DescribedUnits& described) {
  std::vector<PropertyValues> values;
  for (const Property& property : properties) {
    PropertyValues of_property{property.name, property.meaning, {}};
    for (const std::string& text : described.texts) {
      of_property.values.push_back(property.value(text));
    }
    values.push_back(std::move(of_property));
  }
  return values;
}

std::vector<Property> MakeProperties(const AnalyzeCommand& command, const WordClasses& classes,
                                     const WordVectors* vectors) {
  std::vector<std::string> names = command.properties;
  if (names.empty()) {
    names = DefaultProperties();
    if (vectors != nullptr) names.emplace_back("spread");
  }
  std::vector<Property> properties;
  for (const std::string& name : names)
    properties.push_back(MakeProperty(name, {&classes, vectors}));
  return properties;
}

/// Curves of all layers together, then single units of the layers asked for.
void Measure(const AnalyzeCommand& command, const Measurement& measurement,
             const AnalysisSubject& subject, AnalysisReport& report, Terminal& terminal) {
  const PhotoJudge judge({*measurement.classifier, measurement.axes, command.ablation, terminal},
                         measurement.photos, measurement.photos.labels);
  const JudgedPhotos photos = judge.As(command.photos.string());
  report.class_names = measurement.classifier->classes;
  report.photos = fmt::format("{}, {} labelled ones that can be read", command.photos.string(),
                              AccuracyOf(photos.baseline).photos);
  DescribedUnits described;
  for (const RunLayer& layer : measurement.layers) {
    const DescribedUnits part = subject.described.Of(layer.name);
    described.units.insert(described.units.end(), part.units.begin(), part.units.end());
    described.texts.insert(described.texts.end(), part.texts.begin(), part.texts.end());
  }
  if (!command.no_curves) {
    const auto orders =
        (subject.properties.size() + 1) * static_cast<size_t>(command.analysis.seeds);
    terminal.Say(fmt::format("curves: {} orders of {} units at {} fractions over {} photos", orders,
                             described.units.size(), command.analysis.fractions.size(),
                             measurement.photos.Labelled()));
    report.analysis = AnalyzeProperties(described.units, ValuesOf(subject.properties, described),
                                        photos, measurement.photos.labels, command.analysis);
  }
  for (const RunLayer& layer : SelectRunLayers(measurement.layers, command.importance)) {
    const DescribedUnits part = described.Of(layer.name);
    LayerImportance importance{layer.name, MeasureImportance(part.units, part.texts, photos), {}};
    importance.categories =
        CompareCategories(importance.units, subject.classes, command.analysis.bootstrap);
    report.importances.push_back(std::move(importance));
  }
}

/// Measures what can be measured; otherwise says why not.
void MeasureIfPossible(const AnalyzeCommand& command, const AnalysisSubject& subject,
                       AnalysisReport& report, Terminal& terminal) {
  if (command.photos.empty()) {
    report.not_measured = "no PHOTOS were given.";
    return;
  }
  const auto measurement = OpenMeasurement(command, subject, report.not_measured, terminal);
  // What fails then is a network whose outputs are no classes' scores, or photos that are broken.
  const auto measure = [&] { Measure(command, *measurement, subject, report, terminal); };
  const bool is_measured = measurement != nullptr && Succeeds(measure, false, report.not_measured);
  if (!is_measured) terminal.Warn("accuracy is not measured: " + report.not_measured);
}

void PrintReport(const AnalyzeCommand& command, const AnalysisReport& report, const Path& folder) {
  if (command.common.json) {
    fmt::print("{}", ToJson(report));
    return;
  }
  if (report.analysis) {
    fmt::print("{:<16}  {:>7}  {:>24}  {:>32}  {:>11}\n", "property", "zeroed", "accuracy (95 %)",
               "less chance (95 %)", "corrected p");
    const auto print = [](const AnalysisCurve& curve, bool is_compared) {
      for (const AnalysisPoint& point : curve.points) {
        fmt::print("{:<16}  {:>7}  {:>24}  {:>32}  {:>11}\n", curve.name, point.units,
                   PercentText(point.accuracy),
                   is_compared ? PointsText(point.less_chance.difference) : "",
                   is_compared ? PValueText(point.adjusted) : "");
      }
    };
    print(report.analysis->chance, false);
    for (const AnalysisCurve& curve : report.analysis->curves) print(curve, true);
  }
  for (const std::string& sentence : Summarize(report)) fmt::print("{}\n", sentence);
  fmt::print("analysis {}\n", (folder / "index.html").string());
}

void RunAnalyze(const AnalyzeCommand& command) {
  Terminal terminal(command.common.quiet || command.common.json);
  Validate(command.analysis);
  const Run run = OpenRun(command.run);
  const Path folder = command.output.empty() ? run.folder / "analysis" : command.output;
  RequireReplaceable(folder, "analysis.json");
  const Descriptions descriptions = RequireDescriptions(run);
  const auto words = LoadWords(command.words, "parts of speech are guessed by endings", terminal);
  const WordClasses classes(words->SensesOrNull());
  AnalysisSubject subject{run,
                          command.layers.empty()
                              ? run.manifest.layers
                              : SelectRunLayers(run.manifest.layers, command.layers),
                          {},
                          classes,
                          MakeProperties(command, classes, words->VectorsOrNull())};
  subject.described = FindDescribed(descriptions, subject.layers);
  if (subject.described.units.empty()) {
    throw InputError(run.folder.string() + ": no unit of these layers has a description");
  }
  AnalysisReport report;
  report.network = command.network.empty() ? Path(run.manifest.network_path) : command.network;
  report.run = run.folder;
  report.bundle = descriptions.bundle_name;
  report.with_word_net = words->senses.has_value();
  report.options = command.analysis;
  report.layers = CountLayers(subject.described, subject.layers, classes);
  MeasureIfPossible(command, subject, report, terminal);
  WriteAnalysis(report, folder);
  PrintReport(command, report, folder);
}

void AddMeasurementOptions(CLI::App& sub, AnalyzeCommand& command) {
  sub.add_option("--network", command.network, "The network (default: the file that RUN names)");
  sub.add_option("--labels", command.labels,
                 "CSV with columns photo, label (default: the folders' names are the labels)");
  AddClassOptions(sub, command.classes);
  sub.add_option("--fractions", command.analysis.fractions, "Of the units, to be zeroed")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str();
  sub.add_option("--seeds", command.analysis.seeds,
                 "Random orders, and orders of units with equal values")
      ->capture_default_str();
  sub.add_option("--seed", command.analysis.seed, "The first of them")->capture_default_str();
  sub.add_option("--importance", command.importance,
                 "Layers whose units are also zeroed one by one: names, globs")
      ->delimiter(',')
      ->allow_extra_args(false);
  sub.add_flag("--no-curves", command.no_curves, "Leave the curves out");
  sub.add_option("-j,--workers", command.ablation.workers, "Photos at once (default: processors)");
  sub.add_option("--memory", command.ablation.memory_limit,
                 "Most memory for values kept per photo (2GB); what is more goes to $TMPDIR")
      ->transform(CLI::AsSizeValue(true));
}

}  // namespace

void AddAnalyzeCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<AnalyzeCommand>();
  CLI::App* sub = app.add_subcommand(
      "analyze", "Which kinds of units, by their descriptions, a classifier needs");
  sub->add_option("RUN", command->run, "Folder of a described run")->required();
  sub->add_option("PHOTOS", command->photos,
                  "Labelled photos (default: none; then only descriptions are counted)");
  sub->add_option("--property", command->properties,
                  "What units are ordered by (repeatable): nouns, verbs, adjectives, adverbs, "
                  "prepositions, words, characters, a category (colour, texture, object, part, "
                  "relation, text, person, animal, ...), spread, re:REGEX")
      ->allow_extra_args(false);
  sub->add_option("--layers", command->layers, "Only these layers of the run: names, globs")
      ->delimiter(',')
      ->allow_extra_args(false);
  AddMeasurementOptions(*sub, *command);
  AddWordOptions(*sub, command->words, "the property spread");
  sub->add_option("-o,--output", command->output, "Folder of the analysis (default: RUN/analysis)");
  AddPreprocessingOptions(*sub, command->preprocessing, "--pixel-");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Units are ordered by a property of their descriptions, and the first ones zeroed, beside\n"
      "random ones. Writes index.html, analysis.json, tables and plots; docs/actions.md defines "
      "all.\n\n"
      "Examples:\n"
      "  milan analyze run/ val/\n"
      "  milan analyze run/ val/ --property nouns --property 're:stripe|dot' --seeds 5\n"
      "  milan analyze run/ val/ --no-curves --importance layer4\n"
      "  milan analyze run/                            # what descriptions speak of, by layer");
  sub->callback([command, &action] { action = [command] { RunAnalyze(*command); }; });
}

}  // namespace milan
