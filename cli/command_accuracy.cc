#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "cli/commands.h"
#include "cli/edit_step.h"
#include "cli/network_step.h"
#include "cli/steps.h"
#include "milan/ablation/ablator.h"
#include "milan/ablation/labels.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/network/photo_input.h"

namespace milan {
namespace {

struct AccuracyCommand {
  CommonOptions common;
  Path network;
  Path photos;
  std::string labels;
  std::string classes;
  std::string logits;
  EditOptions edits;
  PreprocessingOptions preprocessing;
  AblationOptions ablation;
};

/// What was judged, and how.
struct Judgement {
  std::vector<int32_t> labels;
  std::vector<std::string> classes;  ///< Names; may be empty.
  std::vector<Verdict> before;
  std::optional<std::vector<Verdict>> after;  ///< With edits.
  int64_t broken = 0;
  int64_t unlabelled = 0;
};

std::vector<std::string> ClassNames(const AccuracyCommand& command) {
  if (!command.classes.empty()) return ReadClassNames(command.classes);
  const auto sidecar = command.preprocessing.file.empty()
                           ? FindSidecar(command.network)
                           : std::optional<Path>(command.preprocessing.file);
  return sidecar ? SidecarClassNames(*sidecar) : std::vector<std::string>{};
}

/// The first output that may be scores: some networks give the number of the best class, too.
std::string OutputOf(const AccuracyCommand& command, const Network& network) {
  if (!command.logits.empty()) return command.logits;
  std::vector<std::string> others;
  for (const NetworkValue& output : network.Outputs()) {
    if (!RangeOf(output.type)) return output.name;
    others.push_back(fmt::format("'{}' is {}", output.name, output.type));
  }
  throw UsageError(fmt::format(
      "{}: no output has a score per class ({}); name the value that has, with --logits (milan "
      "layers -a lists all)",
      network.name(), fmt::join(others, ", ")));
}

void RequireClassCount(const Judgement& judgement, int64_t outputs, const std::string& output) {
  if (judgement.classes.empty() || std::ssize(judgement.classes) == outputs) return;
  throw InputError(fmt::format(
      "the network's output '{}' has {} classes, but {} class names are given; is it the right "
      "file (--classes)?",
      output, outputs, judgement.classes.size()));
}

Judgement Judge(const AccuracyCommand& command, Terminal& terminal) {
  const PreparedNetwork prepared =
      PrepareClassifier(command.network, command.preprocessing, terminal);
  if (prepared.latents) {
    throw UsageError(prepared.network.name() +
                     ": makes pictures from latents; only classifiers of photos have an accuracy");
  }
  const Network& network = prepared.network;
  const Preprocessing& preprocessing = prepared.preprocessing;
  const PhotoSet photos = OpenPhotoSet(command.photos);
  Judgement judgement;
  judgement.classes = ClassNames(command);
  judgement.labels = ResolveLabels(
      command.labels.empty() ? LabelsFromFolders(photos) : LabelsFromCsv(command.labels, photos),
      judgement.classes, photos);
  judgement.unlabelled = std::count(judgement.labels.begin(), judgement.labels.end(), -1);
  ResolvedEdits resolved;
  if (!command.edits.IsEmpty()) {
    resolved = ResolveEdits(network, prepared.layers, command.edits, preprocessing,
                            {&photos, command.ablation.workers}, terminal);
    terminal.Say("edits: " + Summarize(resolved.edits));
  }
  const std::string output = OutputOf(command, network);
  const Ablator ablator({network, resolved.layers, output, photos, judgement.labels, preprocessing},
                        command.ablation, terminal);
  RequireClassCount(judgement, ablator.classes(), output);
  judgement.broken = ablator.broken_count();
  judgement.before = ablator.baseline();
  if (!resolved.edits.empty()) {
    terminal.Say(fmt::format("kept before the first edit: {} in memory, {} on disk",
                             FormatBytes(static_cast<double>(ablator.memory_bytes())),
                             FormatBytes(static_cast<double>(ablator.disk_bytes()))));
    judgement.after = ablator.Judge(std::vector<EditSet>{resolved.edits}, terminal).front();
  }
  return judgement;
}

std::string ClassName(const Judgement& judgement, int32_t index) {
  return judgement.classes.empty() ? std::to_string(index) : judgement.classes.at(index);
}

Json ToJson(const Accuracy& accuracy) {
  return {{"photos", accuracy.photos}, {"top1", accuracy.Top1()}, {"top5", accuracy.Top5()}};
}

void PrintJson(const Judgement& judgement) {
  Json json = ToJson(AccuracyOf(judgement.before));
  json["broken"] = judgement.broken;
  json["unlabelled"] = judgement.unlabelled;
  std::map<int32_t, Accuracy> after;
  if (judgement.after) {
    json["edited"] = ToJson(AccuracyOf(*judgement.after));
    after = AccuracyPerClass(*judgement.after, judgement.labels);
  }
  Json classes = Json::array();
  for (const auto& [index, accuracy] : AccuracyPerClass(judgement.before, judgement.labels)) {
    Json entry = {{"class", index}};
    if (!judgement.classes.empty()) entry["name"] = judgement.classes.at(index);
    entry.update(ToJson(accuracy));
    if (judgement.after) entry["edited"] = ToJson(after.at(index));
    classes.push_back(std::move(entry));
  }
  json["classes"] = std::move(classes);
  fmt::print("{}\n", ToText(json, 2));
}

std::string Percent(double share) { return fmt::format("{:5.1f} %", 100 * share); }

void PrintRow(const std::string& name, const Accuracy& before, const Accuracy* after) {
  constexpr size_t kWidth = 40;
  const std::string shown = name.size() > kWidth ? name.substr(0, kWidth - 3) + "..." : name;
  fmt::print("{:<{}}  {:>6}  {}  {}", shown, kWidth, before.photos, Percent(before.Top1()),
             Percent(before.Top5()));
  if (after != nullptr) fmt::print("  {}  {}", Percent(after->Top1()), Percent(after->Top5()));
  fmt::print("\n");
}

void PrintTable(const Judgement& judgement) {
  fmt::print("{:<40}  {:>6}  {:>7}  {:>7}", "class", "photos", "top-1", "top-5");
  if (judgement.after) fmt::print("  {:>7}  {:>7}", "edited:", "top-5");
  fmt::print("\n");
  std::map<int32_t, Accuracy> after;
  if (judgement.after) after = AccuracyPerClass(*judgement.after, judgement.labels);
  for (const auto& [index, accuracy] : AccuracyPerClass(judgement.before, judgement.labels)) {
    PrintRow(ClassName(judgement, index), accuracy, judgement.after ? &after.at(index) : nullptr);
  }
  const Accuracy all = AccuracyOf(judgement.before);
  const Accuracy edited = judgement.after ? AccuracyOf(*judgement.after) : Accuracy{};
  PrintRow("all", all, judgement.after ? &edited : nullptr);
}

void RunAccuracy(const AccuracyCommand& command) {
  Terminal terminal(command.common.quiet || command.common.json);
  const Judgement judgement = Judge(command, terminal);
  if (judgement.unlabelled > 0) {
    terminal.Say(fmt::format("{} photos have no label and do not count", judgement.unlabelled));
  }
  if (command.common.json) {
    PrintJson(judgement);
  } else {
    PrintTable(judgement);
  }
}

}  // namespace

void AddAccuracyCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<AccuracyCommand>();
  CLI::App* sub = app.add_subcommand(
      "accuracy",
      "Top-1 and top-5 accuracy of a classifier, per class, with units edited if wanted");
  sub->add_option("NETWORK", command->network, "The network, an .onnx file")->required();
  sub->add_option("PHOTOS", command->photos,
                  "Photos: a folder with one folder per class, a .tar archive, a .txt list")
      ->required();
  sub->add_option("--labels", command->labels,
                  "CSV with columns photo, label (default: the folders' names are the labels)");
  sub->add_option("--classes", command->classes,
                  "Class names, one per line in the order of the outputs (default: the file that "
                  "the sidecar's \"labels\" names)");
  sub->add_option(
      "--logits", command->logits,
      "The value with one number per class (default: the network's first output of scores)");
  AddEditOptions(*sub, command->edits, " (default: PHOTOS)");
  sub->add_option("-j,--workers", command->ablation.workers,
                  "Photos at once (default: processors)");
  sub->add_option("--memory", command->ablation.memory_limit,
                  "Most memory for values kept per photo (2GB); what is more goes to $TMPDIR")
      ->transform(CLI::AsSizeValue(true));
  sub->add_flag("--strict", command->ablation.strict,
                "Stop at a broken photo instead of leaving it out");
  AddPreprocessingOptions(*sub, command->preprocessing, "--pixel-");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "A label is a class's name as in the class names, or its number (from 0).\n\n"
      "Examples:\n"
      "  milan accuracy net.onnx val/\n"
      "  milan accuracy net.onnx val/ --ablate layer4:3,17 --json\n"
      "  milan accuracy net.onnx photos/ --labels labels.csv --classes names.txt");
  sub->callback([command, &action] { action = [command] { RunAccuracy(*command); }; });
}

}  // namespace milan
