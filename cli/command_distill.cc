#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/captioner/distill.h"

namespace milan {
namespace {

struct DistillCommand {
  CommonOptions common;
  DistillOptions options;
  std::string device = "auto";
};

void RunDistill(const DistillCommand& command) {
  Terminal terminal(command.common.quiet);
  DistillOptions options = command.options;
  options.engine = ResolveDevice(command.device, terminal);
  Distill(options, terminal);
  fmt::print("encoder  {}\n", command.options.output.string());
}

}  // namespace

void AddDistillCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<DistillCommand>();
  DistillOptions& options = command->options;
  CLI::App* sub = app.add_subcommand(
      "distill", "Train a compact encoder that imitates the layers of a larger network");
  sub->add_option("TEACHER", options.teacher, "The network to imitate, an .onnx file")->required();
  sub->add_option("PHOTOS", options.photos, "Folders, lists or .tar archives of photos")
      ->required();
  sub->add_option("--level", options.teacher_levels, "Layers to imitate, finest first")
      ->required()
      ->delimiter(',');
  sub->add_option("-o,--output", options.output, "Encoder to write, an .onnx file")->required();
  sub->add_option("--epochs", options.epochs)->capture_default_str();
  sub->add_option("--batch", options.batch_size, "Photos per step")->capture_default_str();
  sub->add_option("--learning-rate", options.learning_rate)->capture_default_str();
  sub->add_option("--dataset", options.dataset, "Said of the photos in the encoder's sidecar");
  sub->add_option("--licence", options.licence, "Said of the encoder in its sidecar");
  sub->add_option("--seed", options.seed)->capture_default_str();
  sub->add_option("-j,--workers", options.workers, "Threads (default: processors)");
  AddDeviceOption(*sub, command->device);
  AddCommonOptions(*sub, command->common, false);
  sub->footer(
      "Interrupted, the same command continues from its last checkpoint.\n\n"
      "Example:\n"
      "  milan distill resnet18.onnx photos/ --level conv1.relu,layer1.1,layer2.1,layer3 "
      "-o encoder.onnx");
  sub->callback([command, &action] { action = [command] { RunDistill(*command); }; });
}

}  // namespace milan
