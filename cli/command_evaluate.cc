#include <iterator>
#include <memory>
#include <sstream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/terminal.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/evaluate/evaluation.h"
#include "milan/evaluate/evaluation_table.h"

namespace milan {
namespace {

struct EvaluateCommand {
  CommonOptions common;
  std::vector<Path> runs;
  std::vector<Path> annotations;
  std::vector<std::string> against;  ///< NAME=RUN,RUN,...
  AnnotationFilter filter;
  Path words;
  Path vectors;
  Path csv;
};

/// One set of descriptions: its name and a run per annotation file.
struct DescribedRuns {
  std::string name;
  std::vector<Path> runs;
};

DescribedRuns ParseAgainst(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw UsageError("--against " + text + ": expected NAME=RUN or NAME=RUN,RUN");
  }
  DescribedRuns described{text.substr(0, equals), {}};
  std::istringstream runs(text.substr(equals + 1));
  for (std::string run; std::getline(runs, run, ',');) described.runs.emplace_back(run);
  return described;
}

std::vector<DescribedRuns> AllSets(const EvaluateCommand& command) {
  std::vector<DescribedRuns> sets = {{"descriptions", command.runs}};
  for (const std::string& text : command.against) sets.push_back(ParseAgainst(text));
  for (const DescribedRuns& set : sets) {
    if (set.runs.size() != command.annotations.size()) {
      throw UsageError(fmt::format(
          "'{}' names {} runs for {} annotation files; each file needs the run it describes",
          set.name, set.runs.size(), command.annotations.size()));
    }
  }
  return sets;
}

/// The units of all networks together: runs and annotation files are parallel.
EvaluationData Collect(const EvaluateCommand& command) {
  const std::vector<DescribedRuns> sets = AllSets(command);
  EvaluationData all;
  for (size_t i = 0; i < command.annotations.size(); ++i) {
    std::vector<NamedDescriptions> described;
    for (const DescribedRuns& set : sets) {
      described.push_back({set.name, ReadDescriptions(set.runs[i])});
    }
    EvaluationData data = Join(described, ReadAnnotations(command.annotations[i]), command.filter);
    all.names = data.names;
    std::move(data.units.begin(), data.units.end(), std::back_inserter(all.units));
    std::move(data.training_texts.begin(), data.training_texts.end(),
              std::back_inserter(all.training_texts));
  }
  return all;
}

Json ToJson(const Interval& interval) {
  return {{"value", interval.value}, {"low", interval.low}, {"high", interval.high}};
}

void PrintJson(const std::vector<EvaluationRow>& rows) {
  Json list = Json::array();
  for (const EvaluationRow& row : rows) {
    Json entry = {{"name", row.name}, {"units", row.units}, {"bleu", ToJson(row.bleu)}};
    if (row.embedding_score) entry["embedding_score"] = ToJson(*row.embedding_score);
    entry["content_word_f1"] = ToJson(row.content_word_f1);
    list.push_back(std::move(entry));
  }
  fmt::print("{}\n", ToText(list, 2));
}

void RunEvaluate(const EvaluateCommand& command) {
  if (command.words.empty() != command.vectors.empty()) {
    throw UsageError("--words and --vectors belong together: give both");
  }
  const EvaluationData data = Collect(command);
  std::optional<WordVectors> vectors;
  if (!command.words.empty()) vectors = WordVectors::Read(command.words, command.vectors);
  EvaluationOptions options;
  options.vectors = vectors ? &*vectors : nullptr;
  const std::vector<EvaluationRow> rows = Evaluate(data, options);
  if (!command.csv.empty()) WriteFileAtomically(command.csv, ToCsv(rows));
  if (command.common.json) {
    PrintJson(rows);
  } else {
    fmt::print("{}", ToMarkdown(rows));
  }
}

}  // namespace

void AddEvaluateCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<EvaluateCommand>();
  CLI::App* sub = app.add_subcommand(
      "evaluate", "Score descriptions against annotations, beside baselines, with 95 % intervals");
  sub->add_option("RUN", command->runs, "Described runs")->required();
  sub->add_option("--annotations", command->annotations, "Annotation CSVs, one per run")
      ->required();
  sub->add_option("--against", command->against,
                  "Other descriptions of the same networks: NAME=RUN,RUN (repeatable)");
  sub->add_option("--split", command->filter.split, "Annotations to score on")
      ->capture_default_str();
  sub->add_option("--certainty", command->filter.certainties, "Annotations used")
      ->delimiter(',')
      ->capture_default_str();
  sub->add_option("--words", command->words, "Words of --vectors, one per line");
  sub->add_option("--vectors", command->vectors, "Word vectors (.npy), for the embedding score");
  sub->add_option("--csv", command->csv, "Also write the table to this file");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "Rows: the descriptions, the best constant description, the descriptions shuffled over\n"
      "units, and one annotator against another (the ceiling).\n\n"
      "Example:\n"
      "  milan evaluate run/ --annotations units.csv --words words.txt --vectors glove.npy");
  sub->callback([command, &action] { action = [command] { RunEvaluate(*command); }; });
}

}  // namespace milan
