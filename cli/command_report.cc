#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"

namespace milan {
namespace {

struct ReportCommand {
  CommonOptions common;
  Path run;
  Path output;
  int workers = 0;
};

void RunReport(const ReportCommand& command) {
  Terminal terminal(command.common.quiet);
  const Run run = OpenRun(command.run);
  const Path folder = command.output.empty() ? run.folder / "report" : command.output;
  MakeReport(run, folder, command.workers, terminal);
  fmt::print("report  {}\n", (folder / "index.html").string());
}

}  // namespace

void AddReportCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ReportCommand>();
  CLI::App* sub = app.add_subcommand("report", "Write the browsable report of a run");
  sub->add_option("RUN", command->run, "Folder of the run")->required();
  sub->add_option("-o,--output", command->output, "Folder of the report (default: RUN/report)");
  sub->add_option("-j,--workers", command->workers, "Photos at once (default: processors)");
  AddCommonOptions(*sub, command->common, false);
  sub->footer("Example:\n  milan report run/");
  sub->callback([command, &action] { action = [command] { RunReport(*command); }; });
}

}  // namespace milan
