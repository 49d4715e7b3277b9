#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/calibrate.h"

namespace milan {
namespace {

struct CalibrateCommand {
  CommonOptions common;
  CalibrateOptions options;
  Path bundle;
  std::vector<Path> runs;
  std::vector<Path> annotations;
  std::string device = "auto";
  Path table;
  std::string criterion = ToString(CalibrateOptions().criterion);
};

/// Every description that was examined, with its signals.
std::string ToCsv(const CalibrationReport& report) {
  std::vector<std::string> header = {"network",     "kind",      "layer", "unit",
                                     "description", "agreement", "right", "confidence"};
  header.insert(header.end(), report.signal_names.begin(), report.signal_names.end());
  std::string csv = CsvLine(header);
  for (const ExaminedDescription& one : report.descriptions) {
    const bool is_annotated = one.kind == "annotated";
    std::vector<std::string> fields = {one.network,
                                       one.kind,
                                       one.layer,
                                       one.unit < 0 ? "" : std::to_string(one.unit),
                                       one.text,
                                       is_annotated ? fmt::format("{:.4f}", one.agreement) : "",
                                       is_annotated ? (one.is_right ? "true" : "false") : "",
                                       fmt::format("{:.4f}", one.confidence)};
    for (const double signal : one.signals) fields.push_back(fmt::format("{:.6g}", signal));
    csv += CsvLine(fields);
  }
  return csv;
}

Json ToJson(const CalibrateCommand& command, const CalibrationReport& report) {
  Json weights = Json::object();
  for (size_t i = 0; i < report.weights.size(); ++i) {
    weights[report.signal_names[i]] = report.weights[i];
  }
  Json left_out = Json::array();
  for (const LeftOutNetwork& network : report.left_out) {
    left_out.push_back({{"network", network.name},
                        {"summary", ParseJson(ToJsonText(network.summary), network.name)}});
  }
  return {{"bundle", command.bundle.string()},
          {"summary", ParseJson(ToJsonText(report.summary), "summary")},
          {"left_out", left_out},
          {"weights", weights}};
}

std::string Row(const std::string& name, const CalibrationSummary& summary) {
  return fmt::format(
      "{:<24} {:>5} {:>6.3f} {:>6.3f} {:>7.3f} {:>6.3f} {:>9.3f} {:>9.3f} {:>10.3f}\n", name,
      summary.units, summary.base_rate, summary.error, summary.chance_error, summary.auc,
      summary.threshold, summary.coverage, summary.precision);
}

std::string NullRows(const CalibrationSummary& summary) {
  std::string text;
  for (const NullRate& null : summary.nulls) {
    text += fmt::format("{:<24} {:>5} {:>10.3f}\n", null.kind, null.sets, null.rate);
  }
  return text;
}

void PrintResult(const CalibrateCommand& command, const CalibrationReport& report) {
  if (command.common.json) {
    fmt::print("{}\n", ToText(ToJson(command, report), 2));
    return;
  }
  const CalibrationSummary& summary = report.summary;
  fmt::print("{:<24} {:>5} {:>6} {:>6} {:>7} {:>6} {:>9} {:>9} {:>10}\n", "", "units", "right",
             "ECE", "chance", "AUC", "threshold", "coverage", "precision");
  fmt::print("{}", Row("cross-validation", summary));
  for (const LeftOutNetwork& network : report.left_out) {
    fmt::print("{}", Row("without " + network.name, network.summary));
  }
  fmt::print("\n{:<24} {:>5} {:>10}\n{}", "null sets (held out)", "sets", "reliable",
             NullRows(summary));
  fmt::print("\n{:>12} {:>5} {:>10} {:>6}\n", "confidence", "units", "mean", "right");
  for (const ReliabilityBin& bin : summary.bins) {
    if (bin.units == 0) continue;
    fmt::print("{:>5.1f} to {:.1f} {:>5} {:>10.3f} {:>6.3f}\n", bin.low, bin.high, bin.units,
               bin.confidence, bin.right);
  }
  fmt::print("\nbundle  {}\n", command.bundle.string());
}

void RunCalibrate(const CalibrateCommand& command) {
  Terminal terminal(command.common.quiet);
  if (command.annotations.size() != command.runs.size()) {
    throw UsageError(
        fmt::format("--annotations names {} files for {} runs; each run needs the file that "
                    "annotates it",
                    command.annotations.size(), command.runs.size()));
  }
  CalibrateOptions options = command.options;
  options.criterion = ParseCriterion(command.criterion);
  for (size_t i = 0; i < command.runs.size(); ++i) {
    options.sources.push_back({command.annotations[i], command.runs[i]});
  }
  Validate(options);
  options.engine = ResolveDevice(command.device, terminal);
  const std::string warning = SlowLinearAlgebraWarning();
  if (!warning.empty()) terminal.Warn(warning);
  const CalibrationReport report = Calibrate(command.bundle, options, terminal);
  if (!command.table.empty()) WriteFileAtomically(command.table, ToCsv(report));
  PrintResult(command, report);
}

}  // namespace

void AddCalibrateCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<CalibrateCommand>();
  CalibrateOptions& options = command->options;
  CLI::App* sub = app.add_subcommand(
      "calibrate", "Find out how sure a bundle's descriptions are, and write it into the bundle");
  sub->add_option("BUNDLE", command->bundle, "The bundle to calibrate")->required();
  sub->add_option("RUN", command->runs, "Runs with the exemplars of annotated units")->required();
  sub->add_option("--annotations", command->annotations, "Annotation CSVs, one per run")
      ->required();
  sub->add_option("--null", options.null_runs,
                  "Runs whose units mean nothing, such as those of a network with random weights");
  sub->add_option("--split", options.split, "Annotations used; not those trained on")
      ->capture_default_str();
  sub->add_option("--certainty", options.certainties,
                  "Annotations used: clear, partly, unclear (default: all)")
      ->delimiter(',');
  sub->add_option("--right", options.right_f1,
                  "Content-word F1 with the best annotation from which a description is right")
      ->capture_default_str();
  sub->add_option("--false-labels", options.false_label_rate,
                  "Part of null sets that may pass for reliable")
      ->capture_default_str();
  sub->add_option("--null-sets", options.null_sets, "Null sets of each kind")
      ->capture_default_str();
  sub->add_option("--beam", options.beam_size, "Hypotheses kept by the search")
      ->capture_default_str();
  sub->add_option("--criterion", command->criterion,
                  "That descriptions are chosen by: consensus, pmi, likelihood")
      ->capture_default_str();
  sub->add_option("--pmi-weight", options.pmi_weight,
                  "lambda in log p(d|E) - lambda log p(d), as for milan describe")
      ->capture_default_str();
  sub->add_option("--seed", options.seed)->capture_default_str();
  sub->add_option("--table", command->table,
                  "Also write a CSV of all descriptions examined, with their signals");
  sub->add_option("-j,--workers", options.workers, "Threads (default: processors)");
  AddDeviceOption(*sub, command->device);
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "What the numbers mean is in docs/confidence.md. Calibrate a bundle again after training "
      "it.\n\n"
      "Examples:\n"
      "  milan calibrate bundle/ run-a run-b --annotations a.csv b.csv\n"
      "  milan calibrate bundle/ run-a --annotations a.csv --null random-weights-run --table "
      "t.csv");
  sub->callback([command, &action] { action = [command] { RunCalibrate(*command); }; });
}

}  // namespace milan
