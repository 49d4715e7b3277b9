#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/network_step.h"
#include "cli/steps.h"
#include "milan/base/json.h"

namespace milan {
namespace {

struct LayersCommand {
  CommonOptions common;
  Path network;
  PreprocessingOptions preprocessing;
  GeneratorOptions generator;
  std::vector<std::string> patterns;
  bool all = false;
};

bool IsNamed(const std::vector<Layer>& layers, const std::string& name) {
  return std::any_of(layers.begin(), layers.end(),
                     [&](const Layer& layer) { return layer.name == name; });
}

std::string MapSize(const Layer& layer) {
  if (layer.layout == Layout::kMap) return fmt::format("{}x{}", layer.height, layer.width);
  return layer.layout == Layout::kVector ? "1x1" : "-";
}

void PrintTable(const std::vector<Layer>& layers, const std::vector<Layer>& defaults) {
  size_t width = 5;
  for (const Layer& layer : layers) width = std::max(width, layer.name.size());
  fmt::print("  {:<{}}  {:<18}  {:>6}  {:>8}\n", "layer", width, "operator", "units", "map");
  for (const Layer& layer : layers) {
    const std::string units = layer.IsDescribable() ? std::to_string(layer.units) : "-";
    const char mark = IsNamed(defaults, layer.name) ? '*' : ' ';
    fmt::print("{} {:<{}}  {:<18}  {:>6}  {:>8}\n", mark, layer.name, width, layer.op_type, units,
               MapSize(layer));
  }
  fmt::print("\n* described by default; choose with --layers NAME or a glob such as '*relu*'\n");
}

void PrintJson(const std::vector<Layer>& layers, const std::vector<Layer>& defaults) {
  Json list = Json::array();
  for (const Layer& layer : layers) {
    list.push_back({{"name", layer.name},
                    {"operator", layer.op_type},
                    {"layout", ToString(layer.layout)},
                    {"units", layer.units},
                    {"height", layer.height},
                    {"width", layer.width},
                    {"shape", layer.shape},
                    {"default", IsNamed(defaults, layer.name)}});
  }
  fmt::print("{}\n", ToText(list, 2));
}

void RunLayers(const LayersCommand& command) {
  Terminal terminal(command.common.quiet || command.common.json);
  const PreparedNetwork prepared =
      PrepareNetwork(command.network, command.preprocessing, command.generator, terminal);
  std::vector<Layer> layers = prepared.layers;
  const std::vector<Layer> defaults = DefaultLayersOf(prepared);
  if (!command.patterns.empty()) {
    layers = ChooseLayers(prepared, command.patterns);
  } else if (!command.all) {
    std::erase_if(layers, [](const Layer& layer) { return !layer.IsDescribable(); });
  }
  if (command.common.json) {
    PrintJson(layers, defaults);
  } else {
    PrintTable(layers, defaults);
  }
}

}  // namespace

void AddLayersCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<LayersCommand>();
  CLI::App* sub = app.add_subcommand(
      "layers", "List the layers that can be described: name, operator, units, map size");
  sub->add_option("NETWORK", command->network, "The network, an .onnx file")->required();
  sub->add_option("-l,--layers", command->patterns, "Only these, by name or glob")->delimiter(',');
  sub->add_flag("-a,--all", command->all, "Also values without units (tokens, scalars)");
  AddPreprocessingOptions(*sub, command->preprocessing);
  AddGeneratorOptions(*sub, command->generator);
  AddCommonOptions(*sub, command->common, true);
  sub->footer("Examples:\n  milan layers squeezenet.onnx\n  milan layers net.onnx --json");
  sub->callback([command, &action] { action = [command] { RunLayers(*command); }; });
}

}  // namespace milan
