#pragma once

// Private to this module (libtorch).

#include <string>
#include <vector>

#include <torch/torch.h>

#include "milan/base/progress.h"
#include "milan/captioner/captioner.h"
#include "milan/captioner/train.h"
#include "milan/captioner/training_loop.h"

namespace milan {

/// Units with their region features and texts.
struct DescribedUnits {
  torch::Tensor features;                       ///< [units, k, features]
  std::vector<std::vector<std::string>> texts;  ///< Of each unit, at least one.
};

/// Corpus BLEU, 0 to 100, of descriptions against the units' texts.
double DescriptionBleu(const std::vector<std::string>& descriptions, const DescribedUnits& units);

/// What greedy decoding says of every unit.
std::vector<std::string> DescribeGreedily(const Captioner& captioner, const DescribedUnits& units);
/// What beam search and rerank say of every unit, with default options.
std::vector<std::string> DescribeByRerank(const Captioner& captioner, const DescribedUnits& units,
                                          Progress& progress);

/// The units of a training and of its validation.
struct TrainingUnits {
  DescribedUnits train;
  DescribedUnits val;
};

/// Trains the captioner's decoder on the texts of `units`; stops and chooses by the BLEU of greedy
/// decoding on the validation units. The language model stays as it is.
void TrainDecoder(const TrainingUnits& units, Captioner& captioner, const TrainOptions& options,
                  const TrainingPlan& plan, Progress& progress);

}  // namespace milan
