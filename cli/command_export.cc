#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "milan/exemplar/export.h"

namespace milan {
namespace {

struct ExportCommand {
  CommonOptions common;
  Path run;
  Path output;
  std::string format = "milan";
  std::string kind = "strongest";
  ExportOptions options;
};

void RunExport(const ExportCommand& command) {
  ExportOptions options = command.options;
  options.format = ParseExportFormat(command.format);
  options.kind = ParseExemplarKind(command.kind);
  Terminal terminal(command.common.quiet);
  ExportRun(OpenRun(command.run), command.output, options, terminal);
  fmt::print("exported  {}\n", command.output.string());
}

}  // namespace

void AddExportCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ExportCommand>();
  CLI::App* sub = app.add_subcommand(
      "export", "Write a run's exemplars for other programs: numpy, tables, the original MILAN");
  sub->add_option("RUN", command->run, "Folder of the run")->required();
  sub->add_option("-o,--output", command->output, "Folder to write to; new or empty")->required();
  sub->add_option("--format", command->format,
                  "milan: images.npy, masks.npy, ids.csv, ... per layer, as the original has them;"
                  " csv, json: one table; npz: photo ids, activations, maps, thresholds per layer")
      ->check(CLI::IsMember({"milan", "csv", "json", "npz"}))
      ->capture_default_str();
  sub->add_option("--kind", command->kind,
                  "Exemplars of another kind that the run has: weakest, middle, random")
      ->capture_default_str();
  sub->add_option("-l,--layers", command->options.layers, "Layers by name or glob (default: all)")
      ->delimiter(',');
  sub->add_option("--size", command->options.size,
                  "Height and width of masks and images, for --format milan")
      ->capture_default_str();
  sub->add_flag("--overwrite", command->options.overwrite,
                "Replace files of the same names in the folder");
  sub->add_option("-j,--workers", command->options.workers, "Photos at once (default: processors)");
  AddCommonOptions(*sub, command->common, false);
  sub->footer(
      "Examples:\n"
      "  milan export run/ -o exemplars/                     read by the original's "
      "TopImagesDataset\n"
      "  milan export run/ -o table/ --format csv --layers 'fire*/concat'\n"
      "  milan export run/ -o arrays/ --format npz           "
      "numpy.load('arrays/LAYER.npz')['maps']");
  sub->callback([command, &action] { action = [command] { RunExport(*command); }; });
}

}  // namespace milan
