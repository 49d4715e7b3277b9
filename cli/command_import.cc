#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/exemplar/import.h"

namespace milan {
namespace {

struct ImportCommand {
  CommonOptions common;
  Path source;
  Path output;
  Path preprocessing;
  ImportOptions options;
};

void RunImport(const ImportCommand& command) {
  ImportOptions options = command.options;
  if (!command.preprocessing.empty()) {
    options.preprocessing = ReadPreprocessing(command.preprocessing);
  }
  Terminal terminal(command.common.quiet);
  const Run run = ImportExemplars(command.source, command.output, options, terminal);
  fmt::print("{}\nrun  {}\n", SummarizeUnits(CountUnits(run)), run.folder.string());
}

}  // namespace

void AddImportCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ImportCommand>();
  CLI::App* sub = app.add_subcommand(
      "import-exemplars", "Make a run from exemplars that the original MILAN has computed");
  sub->add_option("DIR", command->source,
                  "A layer's folder (masks.npy, ids.csv, ...) or a folder of such folders")
      ->required();
  sub->add_option("--photos", command->options.photos,
                  "Folder (in ImageFolder's order) or list of the photos that ids.csv numbers "
                  "(default: the pictures in images.npy)");
  sub->add_option("-o,--output", command->output, "Folder of the run")->required();
  sub->add_option("--preprocessing", command->preprocessing,
                  "With --photos: sidecar JSON that says how the network saw them (default: "
                  "shorter side 256, crop 224)")
      ->needs("--photos");
  sub->add_option("--quantile", command->options.quantile,
                  "Of the masks; the files do not say, it is only kept")
      ->capture_default_str();
  sub->add_flag("--overwrite", command->options.overwrite, "Replace a run that is in the folder");
  sub->add_option("-j,--workers", command->options.workers, "Photos at once (default: processors)");
  AddCommonOptions(*sub, command->common, false);
  sub->footer(
      "Examples:\n"
      "  milan import-exemplars results/resnet18/imagenet -o run/\n"
      "  milan import-exemplars results/resnet18/imagenet --photos imagenet/val -o run/");
  sub->callback([command, &action] { action = [command] { RunImport(*command); }; });
}

}  // namespace milan
