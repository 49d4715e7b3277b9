#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "classifier_network.h"
#include "labelled_pictures.h"
#include "milan/base/progress.h"

namespace milan {

struct TrainingOptions {
  int epochs = 20;
  int64_t batch = 64;
  double rate =
      2e-3;  ///< Highest learning rate: reached after one epoch, then along a cosine to 0.
  double weight_decay = 0.05;
  double smoothing = 0.1;  ///< Of labels; not with several per photo.
  double smallest_crop =
      0.7;           ///< Least side of a random crop as a share of the picture's; 1: none.
  bool flip = true;  ///< Half of the pictures mirrored.
  bool multi_label = false;
  uint64_t seed = 1;  ///< Of the first weights, the order of photos, crops and flips.
  int workers = 1;
};
/// Throws kUsage naming the option and its range.
void Validate(const TrainingOptions& options);

struct EpochResult {
  double training_loss = 0;
  double validation_loss = 0;
  /// Share of validation photos whose class scores highest; with several labels per photo the mean
  /// over labels of average precision.
  double score = 0;
};

/// Trains all epochs; the network is the last one's, so that validation decides nothing. Leaves it
/// in evaluation mode. Throws kCancelled, kInput when the loss is no number.
std::vector<EpochResult> Train(ClassifierNetwork& network, const LabelledPictures& training,
                               const LabelledPictures& validation,
                               const Preprocessing& preprocessing, const TrainingOptions& options,
                               Progress& progress);

/// Pictures as inputs [N, 3, H, W], not augmented.
torch::Tensor Inputs(const LabelledPictures& pictures, size_t begin, size_t end,
                     const Preprocessing& preprocessing);

}  // namespace milan
