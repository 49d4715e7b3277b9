#include "cli/evaluation_inputs.h"

#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <sstream>
#include <utility>

#include <fmt/core.h>

#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/captioner/retrieval_baseline.h"
#include "milan/network/token_encoder.h"
#include "milan/text/description_table.h"
#include "milan/text/wordpiece.h"

namespace milan {
namespace {

/// One set of descriptions: its name and a place per annotation file.
struct DescribedNetworks {
  std::string name;
  std::vector<Path> places;
};

DescribedNetworks ParseAgainst(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw UsageError("--against " + text + ": expected NAME=RUN or NAME=RUN,RUN");
  }
  DescribedNetworks described{text.substr(0, equals), {}};
  std::istringstream places(text.substr(equals + 1));
  for (std::string place; std::getline(places, place, ',');) described.places.emplace_back(place);
  return described;
}

std::vector<DescribedNetworks> AllSets(const EvaluationRequest& request) {
  std::vector<DescribedNetworks> sets = {{"descriptions", request.runs}};
  for (const std::string& text : request.against) sets.push_back(ParseAgainst(text));
  for (const DescribedNetworks& set : sets) {
    if (set.places.size() != request.annotations.size()) {
      throw UsageError(fmt::format(
          "'{}' names {} runs for {} annotation files; each file needs the run it describes",
          set.name, set.places.size(), request.annotations.size()));
    }
  }
  return sets;
}

/// Of a run, or from a CSV.
Descriptions ReadAnyDescriptions(const Path& place) {
  return std::filesystem::is_directory(place) ? ReadDescriptions(place)
                                              : ReadDescriptionTable(place);
}

std::vector<TrainingSource> TrainingSources(const EvaluationRequest& request) {
  if (request.train_annotations.size() != request.train_exemplars.size()) {
    throw UsageError(fmt::format(
        "--train-annotations names {} files and --train-exemplars {} runs; each file needs the run "
        "it describes",
        request.train_annotations.size(), request.train_exemplars.size()));
  }
  std::vector<TrainingSource> sources;
  for (size_t i = 0; i < request.train_annotations.size(); ++i) {
    sources.push_back({request.train_annotations[i], request.train_exemplars[i]});
  }
  return sources;
}

/// The described units of a network that have annotations of the split.
std::vector<UnitName> UnitsToRetrieve(const EvaluatedNetwork& network, const std::string& split) {
  std::set<UnitName> annotated;
  for (const Annotation& annotation : network.annotations) {
    if (split.empty() || annotation.split.empty() || annotation.split == split) {
      annotated.insert({annotation.layer, annotation.unit});
    }
  }
  std::vector<UnitName> units;
  for (const UnitDescription& unit : network.described.front().descriptions.units) {
    if (annotated.contains({unit.layer, unit.unit})) units.push_back({unit.layer, unit.unit});
  }
  return units;
}

void AddRetrieval(const EvaluationRequest& request, const std::string& split,
                  std::vector<EvaluatedNetwork>& networks, Terminal& terminal) {
  RetrievalOptions options;
  options.sources = TrainingSources(request);
  if (options.sources.empty()) return;
  options.cache = request.feature_cache;
  options.workers = request.workers;
  for (const Path& run : request.runs) {
    if (!std::filesystem::is_directory(run)) {
      throw UsageError(run.string() +
                       ": the retrieval baseline needs the run with the exemplars, not a table of "
                       "descriptions; give the run as RUN and the table as --against NAME=FILE");
    }
  }
  const Path file = request.encoder.empty() ? DefaultBundle() / "encoder.onnx" : request.encoder;
  const Encoder encoder = Encoder::Open(file);
  const auto baseline = RetrievalBaseline::Build(encoder, std::move(options), terminal);
  terminal.Say(fmt::format("retrieval: among {} training units, features of {}", baseline.size(),
                           file.string()));
  for (size_t i = 0; i < networks.size(); ++i) {
    const Run run = OpenRun(request.runs[i]);
    networks[i].described.push_back(
        {"retrieval", baseline.Describe(run, UnitsToRetrieve(networks[i], split), terminal)});
  }
}

}  // namespace

std::vector<EvaluatedNetwork> ReadNetworks(const EvaluationRequest& request,
                                           const std::string& split, Terminal& terminal) {
  const std::vector<DescribedNetworks> sets = AllSets(request);
  std::vector<EvaluatedNetwork> networks(request.annotations.size());
  for (size_t i = 0; i < networks.size(); ++i) {
    networks[i].annotations = ReadAnnotations(request.annotations[i]);
    for (const DescribedNetworks& set : sets) {
      networks[i].described.push_back({set.name, ReadAnyDescriptions(set.places[i])});
    }
  }
  AddRetrieval(request, split, networks, terminal);
  return networks;
}

EvaluationData JoinNetworks(const std::vector<EvaluatedNetwork>& networks,
                            const AnnotationFilter& filter) {
  EvaluationData all;
  for (const EvaluatedNetwork& network : networks) {
    EvaluationData data = Join(network.described, network.annotations, filter);
    all.names = data.names;
    std::move(data.units.begin(), data.units.end(), std::back_inserter(all.units));
    std::move(data.training_texts.begin(), data.training_texts.end(),
              std::back_inserter(all.training_texts));
  }
  return all;
}

TextEncoder OpenTextEncoder(const Path& network, const Path& vocabulary, const std::string& layer,
                            int workers) {
  const auto pieces = std::make_shared<const WordPiece>(WordPiece::Read(vocabulary));
  const EngineOptions options = {.intra_op_threads = workers > 0 ? workers : DefaultWorkers()};
  const auto encoder =
      std::make_shared<const TokenEncoder>(TokenEncoder::Open(network, layer, options));
  return [pieces, encoder](const std::string& text) {
    std::vector<int64_t> ids = pieces->Encode(text);
    Array vectors = encoder->Encode(ids);
    return EncodedText{std::move(ids), std::move(vectors)};
  };
}

}  // namespace milan
