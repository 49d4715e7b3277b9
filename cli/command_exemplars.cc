#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/json.h"

namespace milan {
namespace {

struct ExemplarsCommand {
  CommonOptions common;
  ExemplarRequest request;
};

void RunExemplars(const ExemplarsCommand& command) {
  Terminal terminal(command.common.quiet);
  const Run run = MakeExemplars(command.request, terminal);
  if (command.common.json) {
    Json layers = Json::array();
    for (const RunLayer& layer : run.manifest.layers) {
      layers.push_back({{"name", layer.name},
                        {"units", layer.units},
                        {"height", layer.height},
                        {"width", layer.width}});
    }
    const Json result = {{"run", run.folder.string()},
                         {"photos", run.manifest.photo_count},
                         {"skipped_photos", run.manifest.skipped_count},
                         {"layers", layers}};
    fmt::print("{}\n", ToText(result, 2));
    return;
  }
  fmt::print("{}\nrun  {}\n", SummarizeUnits(run), run.folder.string());
}

}  // namespace

void AddExemplarsCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ExemplarsCommand>();
  CLI::App* sub = app.add_subcommand(
      "exemplars", "Find each unit's exemplars: the photos that excite it most, with masks");
  AddExemplarOptions(*sub, command->request);
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Example:\n  milan exemplars squeezenet.onnx photos/ -o run/ --layers 'fire*/concat'");
  sub->callback([command, &action] { action = [command] { RunExemplars(*command); }; });
}

}  // namespace milan
