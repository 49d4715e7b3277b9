#include <algorithm>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/json.h"

namespace milan {
namespace {

struct DescribeCommand {
  CommonOptions common;
  ExemplarRequest exemplars;
  DescribeOptions describe;
  std::string criterion = ToString(DescribeOptions().criterion);
  std::string prior = ToString(DescribeOptions().prior);
  Path bundle;
  Path units;
  bool no_report = false;
};

void PrintResult(const DescribeCommand& command, const Run& run, const Descriptions& descriptions,
                 const Path& report) {
  const auto described =
      std::count_if(descriptions.units.begin(), descriptions.units.end(),
                    [](const UnitDescription& unit) { return !unit.best.text.empty(); });
  const auto reliable = std::count_if(
      descriptions.units.begin(), descriptions.units.end(),
      [&](const UnitDescription& unit) { return descriptions.IsReliable(unit).value_or(false); });
  const bool is_calibrated = descriptions.calibration.has_value();
  const Path table = run.folder / "descriptions.csv";
  if (command.common.json) {
    const Json result = {{"run", run.folder.string()},
                         {"units", descriptions.units.size()},
                         {"described", described},
                         {"reliable", is_calibrated ? Json(reliable) : Json()},
                         {"photos", run.manifest.photo_count},
                         {"skipped_photos", run.manifest.skipped_count},
                         {"descriptions", table.string()},
                         {"report", command.no_report ? Json() : Json(report.string())}};
    fmt::print("{}\n", ToText(result, 2));
    return;
  }
  fmt::print("{} of {} units described", described, descriptions.units.size());
  if (is_calibrated) {
    fmt::print(", {} of them reliably (confidence >= {:.2f})\n", reliable,
               descriptions.calibration->threshold);
  } else {
    fmt::print("; how reliably is not known: the bundle is not calibrated (milan calibrate)\n");
  }
  fmt::print("descriptions  {}\n", table.string());
  if (!command.no_report) fmt::print("report        {}\n", report.string());
}

/// The exemplars to describe: of a network, made first, or of a run that is named in its place.
/// Nothing where mpirun started several processes and another one goes on.
std::optional<Run> ObtainExemplars(const ExemplarRequest& request, Terminal& terminal) {
  if (std::filesystem::is_directory(request.network)) {
    if (!request.photos.empty() || !request.run.empty() || !request.layers.empty() ||
        !request.directions.files.empty()) {
      throw UsageError(request.network.string() +
                       ": a run is described as it is, without PHOTOS, -o, --layers and "
                       "--directions; --units chooses among its units");
    }
    Run run = OpenExemplars(request.network, terminal);
    terminal.LogTo(run.folder / "run.log");
    return run;
  }
  if (request.run.empty()) throw UsageError("--output is required with a network");
  if (!MakeExemplars(request, terminal)) return std::nullopt;
  return OpenExemplars(request.run, terminal);
}

void RunDescribe(const DescribeCommand& command) {
  Terminal terminal(command.common.quiet);
  DescribeOptions options = command.describe;
  options.criterion = ParseCriterion(command.criterion);
  options.prior = ParsePrior(command.prior);
  options.workers = command.exemplars.tally.workers;
  if (!command.units.empty()) options.units = ReadUnitList(command.units);
  const Path bundle = command.bundle.empty() ? DefaultBundle() : command.bundle;

  const std::optional<Run> obtained = ObtainExemplars(command.exemplars, terminal);
  if (!obtained) return;  // another rank goes on
  const Run& run = *obtained;
  const std::string& device = command.exemplars.device;
  const bool was_said = !std::filesystem::is_directory(command.exemplars.network);
  const EngineOptions engine = was_said ? ResolveDevice(device) : ResolveDevice(device, terminal);
  terminal.Say(SummarizeUnits(CountUnits(run)));
  const Descriptions descriptions = MakeDescriptions(run, bundle, options, engine, terminal);
  const Path report = run.folder / "report";
  if (!command.no_report) MakeReport(run, report, options.workers, terminal);
  PrintResult(command, run, descriptions, report / "index.html");
}

}  // namespace

void AddDescribeCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<DescribeCommand>();
  CLI::App* sub = app.add_subcommand(
      "describe", "Describe a network's units: exemplars, then descriptions, then a report");
  AddExemplarOptions(*sub, command->exemplars);
  sub->get_option("NETWORK")->description("The network, an .onnx file; or a run");
  sub->get_option("--output")->required(false);
  sub->add_option("-b,--bundle", command->bundle, "Captioner to use (default: models/base)");
  sub->add_option("--criterion", command->criterion,
                  "Choose among the search's texts by: consensus (expected agreement with them), "
                  "pmi (the paper's), likelihood")
      ->capture_default_str();
  sub->add_option("--beam", command->describe.beam_size, "Hypotheses kept by the search")
      ->capture_default_str();
  sub->add_option("--pmi-weight", command->describe.pmi_weight,
                  "lambda in log p(d|E) - lambda log p(d): higher is more specific")
      ->capture_default_str();
  sub->add_option("--prior", command->prior,
                  "p(d): language (of a language model) or network (the mean over other units of "
                  "the network: more distinct texts, several times slower)")
      ->capture_default_str();
  sub->add_option("--units", command->units,
                  "Describe only these units: a CSV with the columns layer and unit");
  sub->add_flag("--no-report", command->no_report, "Leave the report out");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Interrupted or repeated, the same command continues with what RUN already has. With a run "
      "in\n"
      "the place of NETWORK (imported, or made by a program of yours) it describes that one.\n\n"
      "Examples:\n"
      "  milan describe squeezenet.onnx photos/ -o run/\n"
      "  milan describe squeezenet.onnx photos/ -o run/ --layers 'fire*/concat'\n"
      "  milan describe run/\n"
      "  milan describe net.onnx photos/ -o run/ --resize 256 --crop 224 --mean 0 --std 1\n"
      "  milan describe generator.onnx --latents 10000 -o run/");
  sub->callback([command, &action] { action = [command] { RunDescribe(*command); }; });
}

void AddCommonOptions(CLI::App& command, CommonOptions& options, bool with_json) {
  command.add_flag("-q,--quiet", options.quiet, "Only warnings and errors");
  if (with_json) command.add_flag("--json", options.json, "Print the result as JSON, for programs");
}

}  // namespace milan
