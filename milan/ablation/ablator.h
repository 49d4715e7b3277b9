#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "milan/ablation/accuracy.h"
#include "milan/base/progress.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/gates.h"
#include "milan/network/network.h"

namespace milan {

/// Edits made together.
using EditSet = std::vector<UnitEdit>;

/// What is ablated and how it is judged. The members must outlive an Ablator.
struct AblationInput {
  const Network& network;               ///< A classifier with one image input.
  const std::vector<UnitAxis>& layers;  ///< That may be edited; none: the network as it is.
  std::string output;                   ///< Computed value with one number per class: [1, classes].
  const PhotoSet& photos;
  const std::vector<int32_t>& labels;  ///< Per photo its class; -1: the photo is left out.
  const Preprocessing& preprocessing;
};

struct AblationOptions {
  bool strict = false;  ///< A broken photo is an error instead of being left out with a warning.
  // Affects speed only.
  int workers = 0;                            ///< 0: one per processor.
  uint64_t memory_limit = uint64_t{2} << 30;  ///< Of kept values, in bytes; more goes to $TMPDIR.
  /// Take over the verdict without edits where all that a set zeroes is 0 anyway.
  bool skip_unchanged = true;
};

/// Judges a classifier on labelled photos under any number of edits. The network is cut at the
/// first of the layers: what comes before runs once per photo, when the Ablator is made, and the
/// values that cross the cut are kept; each set of edits then runs the rest. So layers that are
/// edited apart from each other are best given to Ablators of their own (or to `JudgeEdits`). Every
/// photo is computed alone, with one thread per operator: verdicts depend neither on the number of
/// workers nor on what is kept where nor on which sets are judged together.
class Ablator {
 public:
  /// Runs the prefix over the photos. Throws kUsage as PrepareAblation, or when a label is not one
  /// of the network's classes; kInput when the output is not one number per class, when no photo is
  /// labelled and whole, or at the first broken photo with `strict`; kCancelled.
  Ablator(const AblationInput& input, const AblationOptions& options, Progress& progress);
  ~Ablator();

  /// Without edits, one per photo of the set; rank -1 for those that are left out.
  const std::vector<Verdict>& baseline() const;
  int64_t classes() const;
  /// Photos left out because they are broken.
  int64_t broken_count() const;
  /// Kept per photo that is judged, and in all.
  uint64_t memory_bytes() const;
  uint64_t disk_bytes() const;

  /// Verdicts of each set in order, as `baseline`. 12 bytes per set and photo. Throws kUsage as
  /// Validate(edits, layers); kCancelled.
  std::vector<std::vector<Verdict>> Judge(std::span<const EditSet> sets, Progress& progress) const;
  /// How many of the passes of all calls of Judge were spared by `skip_unchanged`.
  int64_t spared_count() const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

struct AblationResult {
  std::vector<Verdict> baseline;
  std::vector<std::vector<Verdict>> verdicts;  ///< Of each set.
};

/// Judges all sets, those that edit the same layers with an Ablator of their own, so that each runs
/// no more than it needs. The layers are all that occur.
AblationResult JudgeEdits(const AblationInput& input, std::span<const EditSet> sets,
                          const AblationOptions& options, Progress& progress);

}  // namespace milan
