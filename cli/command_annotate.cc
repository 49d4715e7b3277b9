#include <algorithm>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/exemplar/run_layers.h"
#include "milan/report/annotation_page.h"

namespace milan {
namespace {

struct AnnotateCommand {
  CommonOptions common;
  Path run;
  Path output;
  Path units;
  std::vector<std::string> layers;
  bool blind = false;
  AnnotationPageOptions options;
};

/// The units to be described: those of the list, or all of the chosen layers; empty: all.
std::vector<UnitName> ChooseUnits(const AnnotateCommand& command, const Run& run) {
  if (!command.units.empty()) return ReadUnitList(command.units);
  if (command.layers.empty()) return {};
  std::vector<UnitName> units;
  for (const RunLayer& layer : SelectRunLayers(run, command.layers)) {
    for (int64_t unit = 0; unit < layer.units; ++unit) units.push_back({layer.name, unit});
  }
  return units;
}

void RunAnnotate(const AnnotateCommand& command) {
  Terminal terminal(command.common.quiet);
  const Run run = OpenRun(command.run);
  AnnotationPageOptions options = command.options;
  options.units = ChooseUnits(command, run);
  Descriptions descriptions;
  if (!command.blind && std::filesystem::exists(run.folder / "descriptions.json")) {
    descriptions = ReadDescriptions(run.folder);
  }
  const Path folder = command.output.empty() ? run.folder / "annotate" : command.output;
  WriteAnnotationPage(run, descriptions, folder, options, terminal);
  fmt::print("page  {}\n", (folder / "index.html").string());
}

}  // namespace

void AddAnnotateCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<AnnotateCommand>();
  AnnotationPageOptions& options = command->options;
  CLI::App* sub =
      app.add_subcommand("annotate", "Write a page on which people describe the units of a run");
  sub->add_option("RUN", command->run, "Folder of the run")->required();
  sub->add_option("-o,--output", command->output, "Folder of the page (default: RUN/annotate)");
  auto* layers = sub->add_option("--layers", command->layers,
                                 "Layers to describe, names or globs (default: all)")
                     ->delimiter(',');
  sub->add_option("--units", command->units,
                  "CSV with columns layer and unit: only these (annotations are such a file)")
      ->excludes(layers);
  sub->add_option("--seed", options.seed,
                  "Of the random order; people who share the work need the same")
      ->capture_default_str();
  sub->add_option("--annotator", options.annotator, "Name that the page proposes")
      ->capture_default_str();
  sub->add_option("--val", options.val_part, "Part of the units in the split val")
      ->capture_default_str();
  sub->add_flag("--blind", command->blind,
                "Leave the machine's descriptions out (default: hidden until asked for)");
  sub->add_option("--picture-size", options.pictures.picture_size, "Pixels of a picture's side")
      ->capture_default_str();
  sub->add_option("-j,--workers", options.pictures.workers, "Photos at once (default: processors)");
  AddCommonOptions(*sub, command->common, false);
  sub->footer(
      "The page opens from the disk, may be copied to others with its folder, and saves\n"
      "annotations.csv for `milan train` and `milan evaluate`. Two files that describe the same\n"
      "units, joined, tell how far people agree: row \"annotator\" of `milan evaluate`.\n\n"
      "Examples:\n"
      "  milan annotate run/ -o describe-me/ --layers 'layer4*'\n"
      "  milan annotate run/ -o second/ --units annotations-a1.csv --annotator a2 --blind\n"
      "  (cat annotations-a1.csv; tail -n +2 annotations-a2.csv) > both.csv\n"
      "  milan evaluate run/ --annotations both.csv");
  sub->callback([command, &action] { action = [command] { RunAnnotate(*command); }; });
}

}  // namespace milan
