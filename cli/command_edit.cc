#include <algorithm>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/edit_step.h"
#include "cli/network_step.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/network/edit.h"
#include "milan/network/engine.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

struct EditCommand {
  CommonOptions common;
  Path network;
  Path output;
  EditOptions edits;
  PreprocessingOptions preprocessing;
  int workers = 0;
};

/// The edited network expects the same of a photo: its sidecar comes along, with the path of the
/// class names as seen from its new place. An existing one is left alone.
void CopySidecar(const Path& network, const Path& edited, Terminal& terminal) {
  const auto sidecar = FindSidecar(network);
  const Path target = Path(edited).replace_extension(".json");
  if (!sidecar || fs::exists(target)) return;
  Json json = ReadJson(*sidecar);
  if (json.is_object() && json.contains("labels") && json["labels"].is_string()) {
    const Path labels = fs::absolute(sidecar->parent_path() / json["labels"].get<std::string>());
    json["labels"] = labels.lexically_proximate(fs::absolute(target).parent_path()).string();
  }
  WriteJson(target, json);
  terminal.Say(fmt::format("sidecar: {}", target.string()));
}

void PrintEdits(const EditedNetwork& edited, const Path& output, bool as_json) {
  const auto by_weights =
      std::count_if(edited.edits.begin(), edited.edits.end(),
                    [](const AppliedEdit& edit) { return edit.method == EditMethod::kWeights; });
  const auto by_gates = std::ssize(edited.edits) - by_weights;
  if (!as_json) {
    fmt::print("{}: {} units by their weights, {} by gates\n", output.string(), by_weights,
               by_gates);
    return;
  }
  Json list = Json::array();
  for (const AppliedEdit& applied : edited.edits) {
    list.push_back({{"layer", applied.edit.layer},
                    {"unit", applied.edit.unit},
                    {"scale", applied.edit.scale},
                    {"shift", applied.edit.shift + 0.0F},
                    {"method", ToString(applied.method)}});
  }
  fmt::print("{}\n", ToText({{"network", output.string()}, {"edits", list}}, 2));
}

void RunEdit(const EditCommand& command) {
  if (command.edits.IsEmpty()) {
    throw UsageError("nothing to edit: give --ablate, --scale, --set or --mean");
  }
  Terminal terminal(command.common.quiet || command.common.json);
  const Network network = Network::Load(command.network);
  std::error_code ignored;
  if (fs::equivalent(command.network, command.output, ignored)) {
    throw UsageError("--output would overwrite the network itself; give another name");
  }
  NetworkRequest request;  // whatever takes no photo may be a generator
  request.path = command.network;
  request.preprocessing = command.preprocessing;
  request.device = "cpu";
  const PreparedNetwork prepared = PrepareNetwork(request, terminal);
  if (prepared.latents && !command.edits.mean.empty()) {
    throw UsageError(network.name() +
                     ": makes pictures from latents, and --mean takes means over photos; use --set "
                     "LAYER:UNITS=NUMBER");
  }
  const ResolvedEdits resolved =
      ResolveEdits(prepared.network, prepared.layers, command.edits, prepared.preprocessing,
                   {nullptr, command.workers}, terminal);
  terminal.Say("edits: " + Summarize(resolved.edits));
  const EditedNetwork edited = Edit(network, resolved.layers, resolved.edits);
  (void)CreateEngine(edited.network);  // what ONNX Runtime refuses is not written
  WriteFileAtomically(command.output, edited.network.Serialize());
  CopySidecar(command.network, command.output, terminal);
  PrintEdits(edited, command.output, command.common.json);
}

}  // namespace

void AddEditCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<EditCommand>();
  CLI::App* sub = app.add_subcommand(
      "edit", "Write a network in which units are zeroed, set or scaled for good");
  sub->add_option("NETWORK", command->network, "The network, an .onnx file")->required();
  sub->add_option("-o,--output", command->output, "The edited network, an .onnx file")->required();
  AddEditOptions(*sub, command->edits, "");
  sub->add_option("-j,--workers", command->workers, "Photos at once (default: processors)");
  AddPreprocessingOptions(*sub, command->preprocessing, "--pixel-");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Where zeroed weights do it, nothing is added to the network; otherwise operators behind "
      "the\n"
      "layer do. The edits are listed in the network's metadata (milan.edits).\n\n"
      "Examples:\n"
      "  milan edit net.onnx --ablate layer4:3,17,40-49 -o edited.onnx\n"
      "  milan edit net.onnx --scale 'layer3:5=0.5' --mean layer4:2 --means-from photos/ -o "
      "edited.onnx");
  sub->callback([command, &action] { action = [command] { RunEdit(*command); }; });
}

}  // namespace milan
