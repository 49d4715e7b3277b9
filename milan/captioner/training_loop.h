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
};

/// How good the weights are after an epoch.
struct EpochScore {
  double score = 0;  ///< Higher is better.
  std::string note;  ///< For people: "loss 2.31, validation BLEU 12.4".
};

/// The best epoch of a training; its weights are the module's when training is over.
struct BestEpoch {
  int epoch = 0;  ///< Counted from 1.
  double score = -std::numeric_limits<double>::infinity();
};

/// Trains epoch by epoch until `patience` epochs in a row, and one more, were not better than the
/// best, then puts the best epoch's weights back (a copy of them, kept apart from the live ones; of
/// equally good epochs the last).
/// Every epoch starts from a seed made of the plan's and its number, and leaves a checkpoint, so
/// that a training that was killed continues with the same results. Throws kInput when the
/// checkpoint is of another plan, naming what differs; kCancelled.
BestEpoch TrainToBest(const TrainingPlan& plan, torch::nn::Module& module,
                      torch::optim::AdamW& optimizer,
                      const std::function<EpochScore(int epoch)>& run_epoch, Progress& progress);

/// Seed of the random numbers of one epoch of one stage.
uint64_t EpochSeed(const TrainingPlan& plan, int epoch);

/// The checkpoint's file.
Path CheckpointPath(const TrainingPlan& plan);

}  // namespace milan
