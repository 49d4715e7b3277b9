#include <charconv>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/evaluation_confidence.h"
#include "cli/evaluation_inputs.h"
#include "cli/terminal.h"
#include "milan/base/error.h"
#include "milan/evaluate/evaluation.h"
#include "milan/evaluate/evaluation_table.h"

namespace milan {
namespace {

struct EvaluateCommand {
  CommonOptions common;
  EvaluationRequest request;
  std::vector<Path> descriptions;
  AnnotationFilter filter;
  EvaluationOptions options;
  bool no_certainty = false;
  bool stemming = false;
  Path words;
  Path vectors;
  Path wordnet;
  Path token_encoder;
  Path wordpiece;
  std::string token_layer;
  std::string baseline;
  Path csv;
  Path json_file;
};

/// What metrics need beside the texts; kept alive while they are used.
struct LoadedResources {
  std::optional<WordVectors> vectors;
  std::optional<WordNet> word_net;
  MetricResources resources;
};

constexpr const char* kReferences = "references";

/// The number that --baseline gives.
double BaselineNumber(const std::string& text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !(number < 1)) {
    throw UsageError("--baseline " + text + ": expected a number below 1, or '" + kReferences +
                     "'");
  }
  return number;
}

/// Everything that can be wrong before any file is read.
void CheckOptions(const EvaluateCommand& command) {
  if (command.request.runs.empty() == command.descriptions.empty()) {
    throw UsageError("give either RUN or --descriptions FILE: what is to be evaluated");
  }
  if (command.words.empty() != command.vectors.empty()) {
    throw UsageError("--words and --vectors belong together: give both");
  }
  if (command.token_encoder.empty() != command.wordpiece.empty()) {
    throw UsageError("--token-encoder and --wordpiece belong together: give both");
  }
  if (!command.token_layer.empty() && command.token_encoder.empty()) {
    throw UsageError("--token-layer names a value of --token-encoder, which is missing");
  }
  if (command.baseline.empty()) return;
  if (command.token_encoder.empty() && command.vectors.empty()) {
    throw UsageError(
        "--baseline rescales BERTScore (--token-encoder) or the embedding score (--vectors); "
        "neither is computed");
  }
  if (command.baseline != kReferences) BaselineNumber(command.baseline);
}

std::unique_ptr<LoadedResources> LoadResources(const EvaluateCommand& command, Terminal& terminal) {
  auto loaded = std::make_unique<LoadedResources>();
  MetricResources& resources = loaded->resources;
  resources.rouge_stemming = command.stemming;
  if (!command.words.empty()) {
    loaded->vectors = WordVectors::Read(command.words, command.vectors);
    resources.vectors = &*loaded->vectors;
  }
  const Path installed = WordNet::kDebianFolder;
  if (!command.wordnet.empty() || std::filesystem::exists(installed / "index.noun")) {
    loaded->word_net = WordNet::Read(command.wordnet.empty() ? installed : command.wordnet);
    resources.word_net = &*loaded->word_net;
  } else {
    terminal.Say(fmt::format(
        "METEOR is left out: no WordNet in {}; install wordnet-base, or name its dict folder with "
        "--wordnet",
        installed.string()));
  }
  if (!command.token_encoder.empty()) {
    resources.encoder = OpenTextEncoder(command.token_encoder, command.wordpiece,
                                        command.token_layer, command.request.workers);
  }
  return loaded;
}

/// Rescales BERTScore, or without it the embedding score, when --baseline asks for it.
void ApplyBaseline(const EvaluateCommand& command, const EvaluationData& data,
                   std::vector<TextMetric>& metrics, Terminal& terminal) {
  if (command.baseline.empty()) return;
  const std::string column = NearnessMetric(metrics).column;
  for (TextMetric& metric : metrics) {
    if (metric.column != column) continue;
    const double baseline = command.baseline == kReferences
                                ? RandomPairBaseline(metric, data, command.options.seed)
                                : BaselineNumber(command.baseline);
    metric = Rescaled(std::move(metric), baseline);
    terminal.Say(fmt::format("{}: rescaled by the baseline {:.4f}", metric.title, baseline));
  }
}

/// True when annotators said how sure they were, so that rows by certainty say something.
bool HasCertainty(const EvaluationData& data) {
  for (const EvaluatedUnit& unit : data.units) {
    if (!unit.certainty.empty()) return true;
  }
  return false;
}

std::vector<EvaluationRow> EvaluateAll(const EvaluateCommand& command,
                                       const std::vector<EvaluatedNetwork>& networks,
                                       const MetricResources& resources, Terminal& terminal) {
  const EvaluationData data = JoinNetworks(networks, command.filter);
  std::vector<TextMetric> metrics = MakeMetrics(data, resources);
  ApplyBaseline(command, data, metrics, terminal);
  terminal.Say(
      fmt::format("units are found by their texts with the {}", NearnessMetric(metrics).title));
  std::vector<EvaluationRow> rows = Evaluate(data, metrics, command.options);
  if (command.no_certainty || !HasCertainty(data)) return rows;
  AnnotationFilter all = command.filter;
  all.certainties = {};
  EvaluationOptions options = command.options;
  options.by_certainty = true;
  std::vector<EvaluationRow> more = Evaluate(JoinNetworks(networks, all), metrics, options);
  std::move(more.begin(), more.end(), std::back_inserter(rows));
  return rows;
}

void RunEvaluate(const EvaluateCommand& command) {
  Terminal terminal(command.common.quiet);
  CheckOptions(command);
  EvaluationRequest request = command.request;
  if (request.runs.empty()) request.runs = command.descriptions;
  const auto loaded = LoadResources(command, terminal);
  const std::vector<EvaluatedNetwork> networks =
      ReadNetworks(request, command.filter.split, terminal);
  const std::vector<EvaluationRow> rows =
      EvaluateAll(command, networks, loaded->resources, terminal);
  if (!command.csv.empty()) WriteFileAtomically(command.csv, ToCsv(rows));
  if (!command.json_file.empty()) WriteFileAtomically(command.json_file, ToJson(rows) + "\n");
  if (command.common.json) {
    fmt::print("{}\n", ToJson(rows));
  } else {
    fmt::print("{}{}", ToMarkdown(rows), ConfidenceTable(networks, command.filter));
  }
}

void AddDataOptions(CLI::App& sub, EvaluateCommand& command) {
  EvaluationRequest& request = command.request;
  sub.add_option("RUN", request.runs, "Described runs; or CSVs, as with --descriptions");
  sub.add_option("--descriptions", command.descriptions,
                 "In place of RUN: CSVs with the columns layer, unit, description");
  sub.add_option("--annotations", request.annotations, "Annotation CSVs, one per run")->required();
  sub.add_option("--against", request.against,
                 "Other descriptions of the same networks: NAME=RUN,RUN or NAME=FILE.csv "
                 "(repeatable)");
  sub.add_option("--split", command.filter.split, "Annotations to score on")->capture_default_str();
  sub.add_option("--certainty", command.filter.certainties, "Annotations used")
      ->delimiter(',')
      ->capture_default_str();
  sub.add_flag("--no-certainty-rows", command.no_certainty,
               "Leave out the tables of clear, partly and unclear units");
}

void AddBaselineOptions(CLI::App& sub, EvaluateCommand& command) {
  EvaluationRequest& request = command.request;
  sub.add_option("--train-annotations", request.train_annotations,
                 "Also evaluate retrieval, the text of the most similar unit of the train split of "
                 "these CSVs");
  sub.add_option("--train-exemplars", request.train_exemplars,
                 "The runs they describe, in the same order");
  sub.add_option("--encoder", request.encoder,
                 "Encoder of the region features (default: that of models/base)");
  sub.add_option("--feature-cache", request.feature_cache,
                 "Keep region features in this folder for the next time");
  sub.add_option("--constant", command.options.constants,
                 "Also evaluate this text as every unit's description (repeatable)")
      ->allow_extra_args(false);
}

void AddMetricOptions(CLI::App& sub, EvaluateCommand& command) {
  sub.add_flag("--stemming", command.stemming, "ROUGE of word stems (Porter)");
  sub.add_option(
      "--wordnet", command.wordnet,
      fmt::format("WordNet's dict folder, for METEOR (default: {})", WordNet::kDebianFolder));
  sub.add_option("--token-encoder", command.token_encoder,
                 "ONNX network of token vectors, such as BERT, for BERTScore");
  sub.add_option("--wordpiece", command.wordpiece, "Its vocabulary (vocab.txt)");
  sub.add_option("--token-layer", command.token_layer,
                 "Value of --token-encoder to read (default: its first output)");
  sub.add_option("--baseline", command.baseline,
                 "Rescale BERTScore (or the embedding score) so that this becomes 0: a number, or "
                 "'references': what random pairs of annotations score");
  sub.add_option("--words", command.words, "Words of --vectors, one per line");
  sub.add_option("--vectors", command.vectors, "Word vectors (.npy), for the embedding score");
  sub.add_option("--seed", command.options.seed, "Of all that is drawn at random")
      ->capture_default_str();
}

}  // namespace

void AddEvaluateCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<EvaluateCommand>();
  CLI::App* sub = app.add_subcommand(
      "evaluate", "Score descriptions against annotations, beside baselines, with 95 % intervals");
  AddDataOptions(*sub, *command);
  AddBaselineOptions(*sub, *command);
  AddMetricOptions(*sub, *command);
  sub->add_option("--csv", command->csv, "Also write the tables to this file");
  sub->add_option("--json-file", command->json_file, "Also write them as JSON to this file");
  sub->add_option("-j,--workers", command->request.workers, "Threads (default: processors)");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Rows: the descriptions, retrieval (with --train-annotations), the best constant\n"
      "description, the descriptions shuffled over units, and one annotator against another (the\n"
      "ceiling). A unit is found by its text among 100 by how near the annotations are to it\n"
      "(BERTScore, else embedding score, else content words). docs/evaluation.md defines all.\n\n"
      "Examples:\n"
      "  milan evaluate run/ --annotations units.csv --words words.txt --vectors glove.npy\n"
      "  milan evaluate run-a/ --annotations a.csv --train-annotations b.csv c.csv "
      "--train-exemplars run-b run-c\n"
      "  milan evaluate --descriptions mine.csv --against theirs=theirs.csv --annotations u.csv");
  sub->callback([command, &action] { action = [command] { RunEvaluate(*command); }; });
}

}  // namespace milan
