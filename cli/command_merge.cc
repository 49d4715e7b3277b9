#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/json.h"
#include "milan/exemplar/tally_run.h"

namespace milan {
namespace {

struct MergeCommand {
  CommonOptions common;
  std::vector<Path> parts;
  Path output;
  bool overwrite = false;
};

void RunMerge(const MergeCommand& command) {
  Terminal terminal(command.common.quiet);
  MergeShards(command.parts, command.output, command.overwrite);
  const Run run = OpenExemplars(command.output, terminal);
  if (command.common.json) {
    const Json result = {{"run", run.folder.string()},
                         {"photos", run.manifest.photo_count},
                         {"skipped_photos", run.manifest.skipped_count}};
    fmt::print("{}\n", ToText(result, 2));
  } else {
    fmt::print("{}\nrun  {}\n", SummarizeUnits(CountUnits(run)), run.folder.string());
  }
}

}  // namespace

void AddMergeCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<MergeCommand>();
  CLI::App* sub = app.add_subcommand(
      "merge", "Join the parts that `milan exemplars --shard i/n` made to one run");
  sub->add_option("PARTS", command->parts, "All n parts, in any order")->required();
  sub->add_option("-o,--output", command->output, "Folder of the run")->required();
  sub->add_flag("--overwrite", command->overwrite, "Replace a run that is there");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "The result is byte for byte that of one run over all photos.\n\n"
      "Example:\n  milan merge part-1/ part-2/ part-3/ -o run/");
  sub->callback([command, &action] { action = [command] { RunMerge(*command); }; });
}

}  // namespace milan
