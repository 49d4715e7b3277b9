#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/train.h"

namespace milan {
namespace {

struct TrainCommand {
  CommonOptions common;
  TrainOptions options;
  std::vector<Path> annotations;
  std::vector<Path> runs;
  std::string device = "auto";
  std::vector<Path> milannotations;
  // Given on the command line, else the architecture's own.
  std::optional<double> learning_rate;
  std::optional<double> dropout;
  std::optional<int> epochs;
};

/// Puts what was given where the architecture reads it; language model and decoder share it.
void ApplyGiven(const TrainCommand& command, TrainOptions& options) {
  if (command.learning_rate) {
    options.learning_rate = options.set_training.learning_rate = *command.learning_rate;
  }
  if (command.dropout) options.dropout = options.set_training.dropout = *command.dropout;
  if (command.epochs) options.max_epochs = options.set_training.epochs = *command.epochs;
}

void RunTrain(const TrainCommand& command) {
  Terminal terminal(command.common.quiet);
  if (command.annotations.size() != command.runs.size()) {
    throw UsageError(
        fmt::format("--annotations names {} files and --exemplars {} runs; each file needs the run "
                    "it describes",
                    command.annotations.size(), command.runs.size()));
  }
  TrainOptions options = command.options;
  ApplyGiven(command, options);
  for (size_t i = 0; i < command.runs.size(); ++i) {
    options.sources.push_back({command.annotations[i], command.runs[i]});
  }
  options.engine = ResolveDevice(command.device, terminal);
  for (const Path& folder : command.milannotations) {
    options.sources.push_back({folder / "annotations.csv", folder});
  }
  if (options.sources.empty()) {
    throw UsageError("name what to train on: --annotations with --exemplars, or --milannotations");
  }
  const std::string warning = SlowLinearAlgebraWarning();
  if (!warning.empty()) terminal.Warn(warning);
  Train(options, terminal);
  fmt::print("bundle  {}\n", options.output.string());
}

}  // namespace

void AddTrainCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<TrainCommand>();
  TrainOptions& options = command->options;
  CLI::App* sub = app.add_subcommand(
      "train", "Train a captioner (decoder and language model) and write it as a bundle");
  sub->add_option("--annotations", command->annotations, "Annotation CSVs, one per run");
  sub->add_option("--exemplars", command->runs,
                  "The runs they describe, in the same order; or folders in the original's layout, "
                  "with images.npy");
  sub->add_option("--milannotations", command->milannotations,
                  "Folders as published: annotations.csv beside the layers' folders");
  sub->add_option("--hold-out", options.hold_out,
                  "Part of the units that validate, of annotations without splits")
      ->capture_default_str();
  sub->add_option("--encoder", options.encoder, "Encoder network; its sidecar names \"levels\"")
      ->required();
  sub->add_option("-o,--output", options.output, "Bundle folder to write")->required();
  sub->add_option("--name", options.name, "Name of the bundle")->capture_default_str();
  sub->add_option("--language-texts", options.language_texts,
                  "More texts for the language model, one per line");
  sub->add_option("--architecture", options.architecture,
                  "Decoder: set (attention over the set of exemplars) or milan (the paper's)")
      ->capture_default_str();
  sub->add_option("--seed", options.seed)->capture_default_str();
  sub->add_option("--hidden", options.hidden_size, "Size of the LSTM states")
      ->capture_default_str();
  sub->add_option("--width", options.set_sizes.width, "Of the set decoder's layers")
      ->capture_default_str();
  sub->add_option("--batch", options.batch_size, "Units per step")->capture_default_str();
  sub->add_option("--learning-rate", command->learning_rate,
                  "Default: 0.001, of the set decoder 0.0007 at most");
  sub->add_option("--dropout", command->dropout, "Default: 0.5, of the set decoder 0.3");
  sub->add_option(
      "--epochs", command->epochs,
      "At most so many (default: 100); the set decoder takes all of them (default: as --steps)");
  sub->add_option(
      "--steps", options.set_training.steps,
      "Batches that the set decoder learns from, in at most 200 epochs (default: those of "
      "60 epochs, at least 1000 and at most 4500)");
  sub->add_option("--patience", options.patience,
                  "Epochs without improvement before an LSTM's training stops")
      ->capture_default_str();
  sub->add_option("--certainty", options.certainties, "Annotations used: clear, partly, unclear")
      ->delimiter(',');
  sub->add_option("--feature-cache", options.feature_cache,
                  "Keep region features in this folder for other trainings and `milan evaluate`");
  sub->add_option("-j,--workers", options.workers, "Threads (default: processors)");
  AddDeviceOption(*sub, command->device);
  AddCommonOptions(*sub, command->common, false);
  sub->footer(
      "Interrupted, the same command continues from its last checkpoint.\n\n"
      "Example:\n"
      "  milan train --annotations a.csv b.csv --exemplars run-a run-b --encoder encoder.onnx "
      "-o bundle/\n"
      "  milan train --milannotations resnet152/places365 biggan/imagenet --encoder encoder.onnx "
      "-o bundle/");
  sub->callback([command, &action] { action = [command] { RunTrain(*command); }; });
}

}  // namespace milan
