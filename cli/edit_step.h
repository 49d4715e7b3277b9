#pragma once

#include <string>
#include <vector>

#include "cli/steps.h"
#include "milan/image/photo_set.h"
#include "milan/network/gates.h"
#include "milan/network/layer.h"

namespace milan {

/// How the user says what becomes of units.
struct EditOptions {
  std::vector<std::string> ablate;  ///< "layer:3,7-9": zeroed.
  std::vector<std::string> scale;   ///< "layer:3,7-9=0.5"
  std::vector<std::string> set;     ///< "layer:3,7-9=1.5"
  std::vector<std::string> mean;    ///< "layer:3,7-9": set to their mean.
  std::string means_from;           ///< Photos or a run, for the means.

  bool IsEmpty() const { return ablate.empty() && scale.empty() && set.empty() && mean.empty(); }
};
/// Adds the preprocessing's options, too: those of pixels are called --pixel-mean, --pixel-std and
/// --pixel-scale here, since --mean and --scale are of units.
void AddEditOptions(CLI::App& command, EditOptions& options, PreprocessingOptions& preprocessing,
                    const std::string& default_means);

/// The edits and where the units of their layers lie.
struct ResolvedEdits {
  std::vector<UnitAxis> layers;
  std::vector<UnitEdit> edits;
};

/// What the means are taken over when the user does not say, and with how many workers.
struct MeanSource {
  const PhotoSet* photos = nullptr;  ///< Null: the user must say (--means-from).
  int workers = 0;
};

/// Finds layers (names or globs), units (numbers, ranges, "all") and means. Throws kUsage naming
/// the option, the layer with the nearest names, or the unit with how many there are.
ResolvedEdits ResolveEdits(const Network& network, const std::vector<Layer>& layers,
                           const EditOptions& options, const Preprocessing& preprocessing,
                           const MeanSource& means, Terminal& terminal);

/// "12 units zeroed in fire9/concat" and the like, for people.
std::string Summarize(const std::vector<UnitEdit>& edits);

}  // namespace milan
