#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/concept_step.h"
#include "cli/exit_code.h"
#include "cli/steps.h"
#include "milan/actions/audit.h"
#include "milan/actions/audit_files.h"
#include "milan/base/error.h"

namespace milan {
namespace {

struct AuditCommand {
  CommonOptions common;
  Path run;
  Path against;
  std::string find;
  Path output;
  WordOptions words;
  bool no_synonyms = false;
  bool no_kinds = false;
  double nearness = 0.6;
  std::string correction = "holm";
  int64_t most_allowed = -1;  ///< -1: any number.
  AuditPageOptions page;
};

AuditedRun FindIn(const Run& run, const Concept& concept_, const ConceptResources& resources) {
  const Descriptions descriptions = RequireDescriptions(run);
  return {run.folder, run.manifest, descriptions.bundle_name,
          FindConcept(descriptions, run.manifest.layers, concept_, resources,
                      ReadConfidences(run.folder))};
}

/// What both runs say of the same units, where they saw the same photos.
AuditComparison Compare(const AuditCommand& command, const AuditReport& report, const Run& run,
                        const Run& other, Terminal& terminal) {
  std::vector<UnitPair> pairs;
  std::string no_pairs;
  try {
    pairs = PairUnits(run, other, terminal);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInput) throw;
    no_pairs = error.what();
    terminal.Warn("units are not paired: " + no_pairs);
  }
  AuditComparison comparison =
      CompareFindings(report.subject.findings, report.other->findings, std::move(pairs),
                      ParseCorrection(command.correction));
  comparison.no_pairs = no_pairs;
  return comparison;
}

void CheckOptions(const AuditCommand& command) {
  (void)ParseCorrection(command.correction);
  if (!(command.nearness > 0 && command.nearness <= 1)) {
    throw UsageError(fmt::format("--nearness {}: must be above 0 and at most 1", command.nearness));
  }
  if (command.page.most_shown < 0) throw UsageError("--show: must not be negative");
}

AuditReport Audit(const AuditCommand& command, const Run& run, Terminal& terminal) {
  const Concept concept_ = Concept::Parse(command.find);
  const auto words = LoadWords(command.words, "synonyms are not looked for", terminal);
  ConceptResources resources;
  if (!command.no_synonyms) resources.senses = words->SensesOrNull();
  resources.with_kinds = !command.no_kinds;
  resources.vectors = words->VectorsOrNull();
  resources.least_nearness = command.nearness;
  AuditReport report;
  report.concept_text = concept_.text();
  report.terms = concept_.Terms();
  report.with_word_net = resources.senses != nullptr;
  report.with_kinds = report.with_word_net && resources.with_kinds;
  if (resources.vectors != nullptr) report.least_nearness = command.nearness;
  report.correction = ParseCorrection(command.correction);
  if (command.most_allowed >= 0) report.most_allowed = command.most_allowed;
  report.subject = FindIn(run, concept_, resources);
  if (command.against.empty()) return report;
  const Run other = OpenRun(command.against);
  report.other = FindIn(other, concept_, resources);
  report.comparison = Compare(command, report, run, other, terminal);
  return report;
}

void PrintTable(const AuditReport& report) {
  fmt::print("{:<28}  {:>9}  {:>6}  {:>22}  {:>6}  {:>10}\n", "layer", "described", "found",
             "share (95 %)", "weaker", "as letters");
  for (const LayerFindings& layer : report.subject.findings.layers) {
    const Interval share = ShareInterval(layer.StrongShare());
    fmt::print("{:<28}  {:>9}  {:>6}  {:>22}  {:>6}  {:>10}\n", layer.layer, layer.described,
               layer.strong,
               fmt::format("{:.1f} % ({:.1f} to {:.1f})", 100 * share.value, 100 * share.low,
                           100 * share.high),
               layer.weak, layer.as_letters);
  }
  for (const std::string& sentence : Summarize(report)) fmt::print("{}\n", sentence);
}

void RunAudit(const AuditCommand& command) {
  Terminal terminal(command.common.quiet || command.common.json);
  CheckOptions(command);
  const Run run = OpenRun(command.run);
  const Path folder = command.output.empty() ? run.folder / "audit" : command.output;
  RequireReplaceable(folder, "audit.json");
  const AuditReport report = Audit(command, run, terminal);
  WriteAudit(report, run, folder, command.page, terminal);
  if (command.common.json) {
    fmt::print("{}", ToJson(report));
  } else {
    PrintTable(report);
    fmt::print("audit   {}\n", (folder / "index.html").string());
  }
  if (report.HasTooMany()) {
    throw CheckFailed(fmt::format("{} units speak of '{}', {} are allowed (--fail-if-more-than)",
                                  report.subject.findings.Strong(), report.concept_text,
                                  *report.most_allowed));
  }
}

}  // namespace

void AddAuditCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<AuditCommand>();
  CLI::App* sub = app.add_subcommand(
      "audit", "Find the units whose descriptions speak of something, beside a second network");
  sub->add_option("RUN", command->run, "Folder of a described run")->required();
  sub->add_option("--find", command->find,
                  "Words, any of which will do: 'face|person'; re:REGEX for a pattern")
      ->required();
  sub->add_option("--against", command->against,
                  "A second described run: counts per layer are compared, units paired by photos");
  sub->add_option("--fail-if-more-than", command->most_allowed,
                  "Exit code 4 when more units than this are found (weaker evidence not counted)")
      ->check(CLI::NonNegativeNumber);
  sub->add_option("-o,--output", command->output, "Folder of the audit (default: RUN/audit)");
  sub->add_flag("--no-synonyms", command->no_synonyms, "Words only, without WordNet");
  sub->add_flag("--no-kinds", command->no_kinds,
                "Synonyms only, not kinds: a woman is no finding for person");
  AddWordOptions(*sub, command->words, "words that are near: weaker evidence");
  sub->add_option("--nearness", command->nearness, "Cosine of vectors from which words are near")
      ->capture_default_str();
  sub->add_option("--correction", command->correction,
                  "Of the layers' p-values: holm, or bh (Benjamini and Hochberg)")
      ->capture_default_str();
  sub->add_option("--show", command->page.most_shown, "Findings with pictures on the page")
      ->capture_default_str();
  sub->add_option("-j,--workers", command->page.workers, "Photos at once (default: processors)");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Words are found whole, in singular or plural: 'text' finds \"texts\", not \"texture\".\n"
      "Writes index.html (to judge by the exemplars), audit.json, audit.sarif, findings.csv.\n"
      "docs/actions.md defines all.\n\n"
      "Examples:\n"
      "  milan audit run/ --find 'face|person'\n"
      "  milan audit run/ --against blurred-run/ --find 'human face|eye|person'\n"
      "  milan audit run/ --find 'watermark|text' --fail-if-more-than 0 --json > audit.json");
  sub->callback([command, &action] { action = [command] { RunAudit(*command); }; });
}

}  // namespace milan
