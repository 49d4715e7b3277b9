#pragma once

// Private to this module (libtorch).

#include <functional>
#include <limits>
#include <map>
#include <string>

#include <torch/torch.h>

#include "milan/base/file.h"
#include "milan/base/progress.h"

namespace milan {

/// What a training depends on, each with a name that a person understands. Two trainings with the
/// same fingerprint take the same steps.
using Fingerprint = std::map<std::string, std::string>;

struct TrainingPlan {
  std::string name;  ///< Of the stage and of the checkpoint: "decoder".
  Path folder;       ///< Where the checkpoint is kept.
  Fingerprint fingerprint;
  uint64_t seed = 1;
  int max_epochs = 100;
  int patience = 4;
  /// All epochs are taken and the last one's weights kept, however it validates: right where the
  /// learning rate falls to nothing, so that no epoch before is finished (record 0014).
  bool to_the_end = false;
  int checkpoint_every = 1;  ///< Epochs.

  /// Whether a checkpoint follows this epoch: the last one has one in any case.
  bool HasCheckpoint(int epoch) const {
    return epoch % checkpoint_every == 0 || epoch == max_epochs;
  }
};

/// How good the weights are after an epoch.
struct EpochScore {
  double score = 0;  ///< Higher is better. Nothing depends on it when a plan goes to the end.
  std::string note;  ///< For people: "loss 2.31, validation BLEU 12.4".
};

/// The epoch whose weights are the module's when training is over.
struct ChosenEpoch {
  int epoch = 0;  ///< Counted from 1.
  double score = -std::numeric_limits<double>::infinity();
};

/// Trains epoch by epoch: to the end if the plan says so, else until `patience` epochs in a row,
/// and one more, were not better than the best, whose weights are then put back (a copy of them,
/// kept apart from the live ones; of equally good epochs the last). Every epoch starts from a seed
/// made of the plan's and its number, and checkpoints are left, so that a training that was killed
/// continues with the same results. Throws kInput when the checkpoint is of another plan, naming
/// what differs; kCancelled.
ChosenEpoch TrainEpochs(const TrainingPlan& plan, torch::nn::Module& module,
                        torch::optim::AdamW& optimizer,
                        const std::function<EpochScore(int epoch)>& run_epoch, Progress& progress);

/// Seed of the random numbers of one epoch of one stage.
uint64_t EpochSeed(const TrainingPlan& plan, int epoch);

/// The checkpoint's file.
Path CheckpointPath(const TrainingPlan& plan);

}  // namespace milan
