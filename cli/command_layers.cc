#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/network_step.h"
#include "cli/steps.h"
#include "cli/token_options.h"
#include "milan/base/json.h"
#include "milan/base/printable.h"

namespace milan {
namespace {

struct LayersCommand {
  CommonOptions common;
  Path network;
  PreprocessingOptions preprocessing;
  TokenFlags tokens;
  GeneratorOptions generator;
  std::vector<std::string> patterns;
  std::string device = "auto";
  bool all = false;
};

bool IsNamed(const std::vector<Layer>& layers, const std::string& name) {
  return std::any_of(layers.begin(), layers.end(),
                     [&](const Layer& layer) { return layer.name == name; });
}

std::string MapSize(const Layer& layer) {
  if (!layer.IsDescribable()) return "-";
  return fmt::format("{}x{}", layer.height, layer.width);
}

/// What the table says of a layer beside its sizes.
std::string NotesOf(const Layer& layer) {
  if (!layer.IsDescribable()) return layer.problem;
  if (layer.view.IsIdentity() || layer.layout == Layout::kNhwc) return layer.stage;
  return ToString(layer.view) + (layer.stage.empty() ? "" : "; " + layer.stage);
}

std::string ModuleOf(const Layer& layer) {
  if (!layer.modules.empty()) return Printable(layer.modules.front());
  return layer.folded_module.empty() ? "" : Printable(layer.folded_module) + " + BatchNorm";
}

size_t WidthOf(const std::vector<Layer>& layers, size_t least, std::string (*text)(const Layer&)) {
  for (const Layer& layer : layers) least = std::max(least, text(layer).size());
  return least;
}

void PrintTable(const std::vector<Layer>& layers, const std::vector<Layer>& defaults) {
  const auto name_of = [](const Layer& layer) { return Printable(layer.name); };
  const size_t width = WidthOf(layers, 5, name_of);
  const size_t module_width = WidthOf(layers, 0, ModuleOf);
  const auto column = [&](const std::string& module) {
    return module_width == 0 ? ""
                             : fmt::format("{:<{}}  ", module, std::max<size_t>(module_width, 6));
  };
  fmt::print("  {:<{}}  {}{:<18}  {:<6}  {:>6}  {:>8}  stage\n", "layer", width, column("module"),
             "operator", "layout", "units", "map");
  for (const Layer& layer : layers) {
    const std::string units = layer.IsDescribable() ? std::to_string(layer.units) : "-";
    const char mark = IsNamed(defaults, layer.name) ? '*' : ' ';
    const std::string line =
        fmt::format("{} {:<{}}  {}{:<18}  {:<6}  {:>6}  {:>8}  {}", mark, Printable(layer.name),
                    width, column(ModuleOf(layer)), Printable(layer.op_type),
                    ToString(layer.layout), units, MapSize(layer), Printable(NotesOf(layer)));
    fmt::print("{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  }
}

Json ViewToJson(const LayerView& view) {
  Json json = {{"grid", {view.grid.height, view.grid.width}},
               {"special_before", view.grid.before},
               {"special_after", view.grid.after}};
  if (view.layout == Layout::kHeads) {
    json["attention"] = view.attention == AttentionFrom::kClassToken ? "class" : "mean";
  }
  return json;
}

void PrintJson(const std::vector<Layer>& layers, const std::vector<Layer>& defaults) {
  Json list = Json::array();
  for (const Layer& layer : layers) {
    Json json = {{"name", layer.name},
                 {"operator", layer.op_type},
                 {"modules", layer.modules},
                 {"layout", ToString(layer.layout)},
                 {"units", layer.units},
                 {"height", layer.height},
                 {"width", layer.width},
                 {"shape", layer.shape},
                 {"stage", layer.stage},
                 {"proposed", layer.is_proposed},
                 {"default", IsNamed(defaults, layer.name)}};
    if (!layer.folded_module.empty()) json["batch_norm_folded_into"] = layer.folded_module;
    if (!layer.problem.empty()) json["problem"] = layer.problem;
    if (layer.IsDescribable() && !layer.view.IsIdentity()) json["view"] = ViewToJson(layer.view);
    list.push_back(std::move(json));
  }
  fmt::print("{}\n", ToText(list, 2));
}

void RunLayers(const LayersCommand& command) {
  Terminal terminal(command.common.quiet || command.common.json);
  const PreparedNetwork prepared = PrepareNetwork(
      {command.network, command.preprocessing, command.generator, command.tokens, command.device},
      terminal);
  std::vector<Layer> layers = prepared.layers;
  const size_t count = layers.size();
  const std::vector<Layer> defaults = DefaultLayersOf(prepared);
  if (!command.patterns.empty()) {
    layers = ChooseLayers(prepared, command.patterns);
  } else if (!command.all) {
    std::erase_if(layers, [](const Layer& layer) { return !layer.is_proposed; });
  }
  if (command.common.json) {
    PrintJson(layers, defaults);
  } else {
    PrintTable(layers, defaults);
    fmt::print(
        "\n* described by default; choose with --layers: names, modules, globs such as '*relu*', "
        "re:REGEX\n");
    if (layers.size() < count && command.patterns.empty()) {
      fmt::print("{} of {} values are proposed; --all shows every one\n", layers.size(), count);
    }
  }
}

}  // namespace

void AddLayersCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<LayersCommand>();
  CLI::App* sub = app.add_subcommand(
      "layers", "List the layers worth describing: name, module, layout, units, map size, stage");
  sub->add_option("NETWORK", command->network, "The network, an .onnx file")->required();
  sub->add_option("-l,--layers", command->patterns,
                  "Only these: names, PyTorch modules, globs, or re:REGEX")
      ->delimiter(',');
  sub->add_flag("-a,--all", command->all,
                "Every value, also those without units (scalars, windows)");
  AddTokenFlags(*sub, command->tokens);
  AddDeviceOption(*sub, command->device);
  AddPreprocessingOptions(*sub, command->preprocessing);
  AddGeneratorOptions(*sub, command->generator);
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Examples:\n  milan layers squeezenet.onnx\n  milan layers net.onnx --json\n"
      "  milan layers resnet18.onnx --layers 'layer3.*'\n"
      "  milan layers vit.onnx --grid 14x14 --special-tokens 5");
  sub->callback([command, &action] { action = [command] { RunLayers(*command); }; });
}

}  // namespace milan
