#include <algorithm>
#include <filesystem>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/edit_step.h"
#include "cli/matching_edit_step.h"
#include "cli/network_step.h"
#include "cli/steps.h"
#include "milan/actions/audit_files.h"
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
  MatchingOptions matching;
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

/// The network as the file has it, edited, is written with its sidecar.
EditedNetwork WriteEdited(const EditCommand& command, const std::vector<UnitAxis>& layers,
                          const EditSet& edits, Terminal& terminal) {
  terminal.Say("edits: " + Summarize(edits));
  EditedNetwork edited = Edit(Network::Load(command.network), layers, edits);
  (void)CreateEngine(edited.network);  // what ONNX Runtime refuses is not written
  WriteFileAtomically(command.output, edited.network.Serialize());
  CopySidecar(command.network, command.output, terminal);
  return edited;
}

/// The units to edit are found by their descriptions. A report is written in any case.
void RunMatchingEdit(const EditCommand& command, Terminal& terminal) {
  const Path folder = ReportFolder(command.matching, command.output);
  RequireReplaceable(folder, "edit.json");
  MatchingOptions options = command.matching;
  options.ablation.workers = command.workers;
  MatchingEdit chosen =
      ChooseMatchingUnits(command.network, options, command.preprocessing, terminal);
  EditReport& report = chosen.report;
  if (report.edit.chosen > 0) {
    WriteEdited(command, chosen.layers, report.edit.Edits(), terminal);
    report.edited = command.output;
  }
  WriteEditReport(report, folder);
  if (command.common.json) {
    fmt::print("{}", ToJson(report));
  } else {
    for (const std::string& sentence : Summarize(report)) fmt::print("{}\n", sentence);
    fmt::print("report  {}\n", (folder / "index.html").string());
    if (report.edit.chosen > 0) fmt::print("network {}\n", command.output.string());
  }
  if (report.edit.chosen == 0) {
    throw InputError(
        fmt::format("no unit could be removed without harm to validation, so {} was not written; "
                    "allow some with "
                    "--tolerance",
                    command.output.string()));
  }
}

void RunEdit(const EditCommand& command) {
  const bool is_matching = !command.matching.matching.empty();
  if (is_matching == !command.edits.IsEmpty()) {
    throw UsageError(
        is_matching ? "--matching chooses the units to remove: leave out --ablate, --scale, "
                      "--set and --mean"
                    : "nothing to edit: give --ablate, --scale, --set or --mean, or --matching");
  }
  if (!is_matching && !command.matching.photos.empty()) {
    throw UsageError("PHOTOS are for --matching; --mean takes its photos with --means-from");
  }
  Terminal terminal(command.common.quiet || command.common.json);
  std::error_code ignored;
  if (fs::equivalent(command.network, command.output, ignored)) {
    throw UsageError("--output would overwrite the network itself; give another name");
  }
  if (is_matching) return RunMatchingEdit(command, terminal);
  NetworkRequest request;  // whatever takes no photo may be a generator
  request.path = command.network;
  request.preprocessing = command.preprocessing;
  request.device = "cpu";
  const PreparedNetwork prepared = PrepareNetwork(request, terminal);
  if (prepared.latents && !command.edits.mean.empty()) {
    throw UsageError(command.network.string() +
                     ": makes pictures from latents, and --mean takes means over photos; use --set "
                     "LAYER:UNITS=NUMBER");
  }
  const ResolvedEdits resolved =
      ResolveEdits(prepared.network, prepared.layers, command.edits, prepared.preprocessing,
                   {nullptr, command.workers}, terminal);
  const EditedNetwork edited = WriteEdited(command, resolved.layers, resolved.edits, terminal);
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
  AddMatchingOptions(*sub, command->matching);
  sub->add_option("-j,--workers", command->workers, "Photos at once (default: processors)");
  AddPreprocessingOptions(*sub, command->preprocessing, "--pixel-");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Where zeroed weights do it, nothing is added to the network; otherwise operators behind "
      "the\n"
      "layer do. The edits are listed in the network's metadata (milan.edits).\n\n"
      "With --matching, units that speak of a cue are removed, the least harmful first, as long "
      "as\n"
      "accuracy on validation photos does not fall; docs/actions.md says how that is judged.\n\n"
      "Examples:\n"
      "  milan edit net.onnx val/ --run run/ --matching 'text|letters' -o edited.onnx\n"
      "  milan edit net.onnx --ablate layer4:3,17,40-49 -o edited.onnx\n"
      "  milan edit net.onnx --scale 'layer3:5=0.5' --mean layer4:2 --means-from photos/ -o "
      "edited.onnx");
  sub->callback([command, &action] { action = [command] { RunEdit(*command); }; });
}

}  // namespace milan
