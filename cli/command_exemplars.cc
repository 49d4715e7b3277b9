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

void PrintShard(const ExemplarsCommand& command) {
  const std::string folder = command.request.run.string();
  if (command.common.json) {
    fmt::print("{}\n", ToText(Json{{"run", folder}, {"shard", command.request.shard}}, 2));
  } else {
    fmt::print("part {}  {}\n", command.request.shard, folder);
  }
}

void RunExemplars(const ExemplarsCommand& command) {
  Terminal terminal(command.common.quiet);
  if (!MakeExemplars(command.request, terminal)) return;
  if (!command.request.shard.empty()) {
    PrintShard(command);
    return;
  }
  const Run run = OpenExemplars(command.request.run, terminal);
  const std::vector<UnitCounts> counts = CountUnits(run);
  if (command.common.json) {
    Json layers = Json::array();
    for (size_t i = 0; i < run.manifest.layers.size(); ++i) {
      const RunLayer& layer = run.manifest.layers[i];
      layers.push_back({{"name", layer.name},
                        {"units", layer.units},
                        {"height", layer.height},
                        {"width", layer.width},
                        {"dead", counts[i].dead},
                        {"constant", counts[i].constant},
                        {"invalid", counts[i].invalid},
                        {"saturated", counts[i].saturated},
                        {"duplicates", counts[i].duplicates}});
    }
    const Json result = {{"run", run.folder.string()},
                         {"photos", run.manifest.photo_count},
                         {"skipped_photos", run.manifest.skipped_count},
                         {"layers", layers}};
    fmt::print("{}\n", ToText(result, 2));
    return;
  }
  fmt::print("{}\nrun  {}\n", SummarizeUnits(counts), run.folder.string());
}

}  // namespace

void AddExemplarsCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ExemplarsCommand>();
  CLI::App* sub = app.add_subcommand(
      "exemplars", "Find each unit's exemplars: the photos that excite it most, with masks");
  AddExemplarOptions(*sub, command->request);
  sub->add_option("--shard", command->request.shard,
                  "Only part i of n of the photos, as i/n; `milan merge` joins the parts");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Interrupted or killed, the same command continues from its last checkpoint.\n\n"
      "Examples:\n"
      "  milan exemplars squeezenet.onnx photos/ -o run/ --layers 'fire*/concat'\n"
      "  milan exemplars squeezenet.onnx photos/ -o part-2/ --shard 2/5  (on the second machine)\n"
      "  milan exemplars generator.onnx --latents 10000 --seed 1 -o run/\n"
      "  milan exemplars generator.onnx --latents z=z.npy --distribution 'y=class(10)' -o run/\n"
      "  milan exemplars openpose.onnx photos/ -o run/ --channels BGR --constant scale=1\n"
      "  mpirun -n 4 --bind-to none milan exemplars squeezenet.onnx photos/ -o run/");
  sub->callback([command, &action] { action = [command] { RunExemplars(*command); }; });
}

}  // namespace milan
