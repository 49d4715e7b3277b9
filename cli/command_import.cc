#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/import_checkpoint.h"
#include "milan/exemplar/import.h"

namespace milan {
namespace {

struct ImportCommand {
  CommonOptions common;
  Path source;
  Path output;
  bool overwrite = false;
  int workers = 0;
  Path preprocessing;
  ImportOptions exemplars;
  CheckpointOptions checkpoint;
};

void RunImportExemplars(const ImportCommand& command) {
  ImportOptions options = command.exemplars;
  options.overwrite = command.overwrite;
  options.workers = command.workers;
  if (!command.preprocessing.empty()) {
    options.preprocessing = ReadPreprocessing(command.preprocessing);
  }
  Terminal terminal(command.common.quiet);
  const Run run = ImportExemplars(command.source, command.output, options, terminal);
  fmt::print("{}\nrun  {}\n", SummarizeUnits(CountUnits(run)), run.folder.string());
}

void RunImportCheckpoint(const ImportCommand& command) {
  CheckpointOptions options = command.checkpoint;
  options.overwrite = command.overwrite;
  options.workers = command.workers;
  Terminal terminal(command.common.quiet);
  const std::string warning = SlowLinearAlgebraWarning();
  if (!warning.empty()) terminal.Warn(warning);
  ImportCheckpoint(command.source, command.output, options, terminal);
  fmt::print("bundle  {}\n", command.output.string());
}

/// A folder holds exemplars, a file is a checkpoint. Options of the other kind are a mistake.
void RunImport(const ImportCommand& command, const CLI::App& app) {
  if (!std::filesystem::exists(command.source)) {
    throw InputError(command.source.string() + ": no such file or folder");
  }
  const bool is_folder = std::filesystem::is_directory(command.source);
  const char* of_others = is_folder ? "A checkpoint (.pth)" : "A folder of exemplars";
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group() != of_others || option->count() == 0) continue;
    throw UsageError(fmt::format("{}: only {} takes {}", command.source.string(),
                                 is_folder ? "a checkpoint" : "a folder of exemplars",
                                 option->get_name()));
  }
  is_folder ? RunImportExemplars(command) : RunImportCheckpoint(command);
}

void AddSharedOptions(CLI::App& sub, ImportCommand& command) {
  sub.add_flag("--overwrite", command.overwrite, "Replace what an earlier import left there");
  sub.add_option("-j,--workers", command.workers, "Photos at once (default: processors)");
  AddCommonOptions(sub, command.common, false);
}

void AddExemplarsOptions(CLI::App& sub, ImportCommand& command, const std::string& group) {
  sub.add_option("--photos", command.exemplars.photos,
                 "Folder (in ImageFolder's order) or list of the photos that ids.csv numbers "
                 "(default: the pictures in images.npy)")
      ->group(group);
  sub.add_option("--preprocessing", command.preprocessing,
                 "With --photos: sidecar JSON that says how the network saw them (default: "
                 "shorter side 256, crop 224)")
      ->needs("--photos")
      ->group(group);
  sub.add_option("--quantile", command.exemplars.quantile,
                 "Of the masks; the files do not say, it is only kept")
      ->capture_default_str()
      ->group(group);
}

void AddCheckpointOptions(CLI::App& sub, ImportCommand& command, const std::string& group) {
  sub.add_option("--name", command.checkpoint.name, "Name of the bundle (default: the file's)")
      ->group(group);
  sub.add_option("--language-model", command.checkpoint.language_model,
                 "The language model's own file, for a decoder that was saved without one")
      ->group(group);
  sub.add_flag("--half", command.checkpoint.as_half,
               "Weights in half precision: half the size (default: bit for bit)")
      ->group(group);
}

void AddImportOfBoth(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ImportCommand>();
  CLI::App* sub = app.add_subcommand(
      "import", "Make a bundle of the original MILAN's checkpoint, or a run of its exemplars");
  sub->add_option(
         "SOURCE", command->source,
         "A checkpoint (milan-base.pth), or a layer's folder (masks.npy, ids.csv, ...), or "
         "a folder of such folders")
      ->required();
  sub->add_option("-o,--output", command->output, "Folder of the bundle or run")->required();
  AddSharedOptions(*sub, *command);
  AddCheckpointOptions(*sub, *command, "A checkpoint (.pth)");
  AddExemplarsOptions(*sub, *command, "A folder of exemplars");
  sub->footer(
      "Nothing in a checkpoint is executed: it is read by a reader that knows only what such\n"
      "files hold.\n\n"
      "Examples:\n"
      "  milan import milan-base.pth -o milan-base/\n"
      "  milan describe network.onnx photos/ -o run/ --bundle milan-base/\n"
      "  milan import results/resnet18/imagenet -o run/\n"
      "  milan import results/resnet18/imagenet --photos imagenet/val -o run/");
  sub->callback(
      [command, sub, &action] { action = [command, sub] { RunImport(*command, *sub); }; });
}

void AddImportOfExemplars(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ImportCommand>();
  CLI::App* sub = app.add_subcommand(
      "import-exemplars", "Make a run from exemplars that the original MILAN has computed");
  sub->add_option("DIR", command->source,
                  "A layer's folder (masks.npy, ids.csv, ...) or a folder of such folders")
      ->required();
  sub->add_option("-o,--output", command->output, "Folder of the run")->required();
  AddExemplarsOptions(*sub, *command, "Options");
  AddSharedOptions(*sub, *command);
  sub->footer(
      "The same as `milan import DIR`.\n\n"
      "Examples:\n"
      "  milan import-exemplars results/resnet18/imagenet -o run/\n"
      "  milan import-exemplars results/resnet18/imagenet --photos imagenet/val -o run/");
  sub->callback([command, &action] { action = [command] { RunImportExemplars(*command); }; });
}

}  // namespace

void AddImportCommand(CLI::App& app, Action& action) {
  AddImportOfBoth(app, action);
  AddImportOfExemplars(app, action);
}

}  // namespace milan
