#include "cli/concept_step.h"

#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "milan/base/error.h"

namespace milan {

void AddWordOptions(CLI::App& command, WordOptions& options, const std::string& purpose) {
  command.add_option("--wordnet", options.wordnet,
                     fmt::format("WordNet's dict folder (default: {})", WordNet::kDebianFolder));
  command.add_option("--words", options.words, "Words of --vectors, one per line");
  command.add_option("--vectors", options.vectors, "Word vectors (.npy), for " + purpose);
}

std::unique_ptr<LoadedWords> LoadWords(const WordOptions& options, const std::string& without,
                                       Terminal& terminal) {
  if (options.words.empty() != options.vectors.empty()) {
    throw UsageError("--words and --vectors belong together: give both");
  }
  auto loaded = std::make_unique<LoadedWords>();
  if (!options.words.empty()) loaded->vectors = WordVectors::Read(options.words, options.vectors);
  const Path installed = WordNet::kDebianFolder;
  if (!options.wordnet.empty() || std::filesystem::exists(installed / "data.noun")) {
    loaded->senses = Senses::Read(options.wordnet.empty() ? installed : options.wordnet);
  } else {
    terminal.Say(fmt::format(
        "no WordNet in {}: {}; install wordnet-base, or name its dict folder with --wordnet",
        installed.string(), without));
  }
  return loaded;
}

Descriptions RequireDescriptions(const Run& run) {
  if (!std::filesystem::exists(run.folder / "descriptions.json")) {
    throw InputError(run.folder.string() +
                     ": its units are not described yet; run milan describe " +
                     run.folder.string() + " first");
  }
  return ReadDescriptions(run.folder);
}

}  // namespace milan
