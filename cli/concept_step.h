#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/terminal.h"
#include "milan/actions/concept.h"
#include "milan/actions/properties.h"
#include "milan/actions/senses.h"
#include "milan/actions/word_classes.h"
#include "milan/evaluate/word_vectors.h"
#include "milan/exemplar/run.h"
#include "milan/text/descriptions.h"

namespace CLI {
class App;
}

namespace milan {

/// What words of descriptions are compared with.
struct WordOptions {
  Path wordnet;  ///< Its dict folder; empty: Debian's, if it is there.
  Path words;    ///< Of `vectors`, one a line.
  Path vectors;
};
void AddWordOptions(CLI::App& command, WordOptions& options, const std::string& purpose);

/// The same, read; kept alive while it is used.
struct LoadedWords {
  std::optional<Senses> senses;
  std::optional<WordVectors> vectors;

  const Senses* SensesOrNull() const { return senses ? &*senses : nullptr; }
  const WordVectors* VectorsOrNull() const { return vectors ? &*vectors : nullptr; }
};
/// Says when there is no WordNet, and what is then missing. Throws kUsage, kInput.
std::unique_ptr<LoadedWords> LoadWords(const WordOptions& options, const std::string& without,
                                       Terminal& terminal);

/// The descriptions of a run. Throws kInput that says how to make them.
Descriptions RequireDescriptions(const Run& run);

}  // namespace milan
