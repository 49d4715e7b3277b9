#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/steps.h"
#include "milan/base/json.h"
#include "milan/exemplar/cluster_run.h"

namespace milan {
namespace {

struct ClustersCommand {
  CommonOptions common;
  ClusterRunRequest request;
  Path preprocessing;
};

void PrintResult(const ClustersCommand& command, const Run& run) {
  const ExemplarSet exemplars = run.Exemplars(run.manifest.layers.front().name);
  int64_t smaller = 0;
  for (int64_t unit = 0; unit < exemplars.units; ++unit) {
    smaller += exemplars.CountOf(unit) < exemplars.k ? 1 : 0;
  }
  if (command.common.json) {
    const Json result = {
        {"run", run.folder.string()},         {"layer", exemplars.layer},
        {"clusters", exemplars.units},        {"clusters_with_fewer_photos", smaller},
        {"photos", run.manifest.photo_count}, {"skipped_photos", run.manifest.skipped_count}};
    fmt::print("{}\n", ToText(result, 2));
    return;
  }
  fmt::print("{} clusters as units of layer '{}', {} of them with fewer than {} photos\nrun  {}\n",
             exemplars.units, exemplars.layer, smaller, exemplars.k, run.folder.string());
}

void RunClusters(const ClustersCommand& command) {
  ClusterRunRequest request = command.request;
  if (!command.preprocessing.empty()) {
    request.preprocessing = ReadPreprocessing(command.preprocessing);
  }
  Terminal terminal(command.common.quiet);
  PrintResult(command, MakeClusterRun(request, terminal));
}

}  // namespace

void AddClustersCommand(CLI::App& app, Action& action) {
  const auto command = std::make_shared<ClustersCommand>();
  ClusterRunRequest& request = command->request;
  CLI::App* sub = app.add_subcommand(
      "clusters",
      "Make a run of groups of photos: each cluster is a unit, its photos are exemplars");
  sub->add_option("CLUSTERS", request.clusters,
                  "CSV with the columns photo, cluster and, if there are any, score")
      ->required();
  sub->add_option("PHOTOS", request.photos,
                  "Where the photos are, a folder, .tar archive or .txt list; the CSV names them "
                  "relative to it")
      ->required();
  sub->add_option("-o,--output", request.folder, "Folder of the run; created when missing")
      ->required();
  sub->add_option("-k,--exemplars", request.k, "Exemplars per cluster, at most")
      ->capture_default_str();
  sub->add_flag("--ascending", request.ascending,
                "The lowest scores first, as for distances (default: the highest)");
  sub->add_option("--layer", request.layer,
                  "What the run calls its layer (default: the CSV's name, without extension)");
  sub->add_option("--preprocessing", command->preprocessing,
                  "Sidecar JSON: only this part of each photo counts (default: all of it)");
  sub->add_flag("--strict", request.strict,
                "Stop at a broken photo instead of taking the cluster's next one");
  sub->add_flag("--overwrite", request.overwrite, "Replace a run that is in the folder");
  sub->add_option("-j,--workers", request.workers, "Photos at once (default: processors)");
  AddCommonOptions(*sub, command->common, true);
  sub->footer(
      "A cluster's exemplars are its first photos: by score where the CSV has one, else in the\n"
      "order of PHOTOS. Masks are the whole photo. A photo may be in several clusters.\n\n"
      "Examples:\n"
      "  milan clusters clusters.csv photos/ -o run/ && milan describe run/\n"
      "  milan clusters kmeans.csv photos/ -o run/ --ascending  (scores are distances)");
  sub->callback([command, &action] { action = [command] { RunClusters(*command); }; });
}

}  // namespace milan
