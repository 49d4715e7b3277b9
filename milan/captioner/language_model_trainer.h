#pragma once

// Private to this module (libtorch).

#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/captioner/language_model.h"
#include "milan/captioner/train.h"
#include "milan/captioner/training_loop.h"
#include "milan/text/vocabulary.h"

namespace milan {

struct LanguageModelTexts {
  std::vector<std::string> train;
  std::vector<std::string> val;
};

/// Trains a language model on texts; stops and chooses by the loss on the validation texts
/// (nats per word or end mark).
LanguageModel TrainLanguageModel(const LanguageModelTexts& texts, const Vocabulary& vocabulary,
                                 const TrainOptions& options, const TrainingPlan& plan,
                                 Progress& progress);

/// Mean -log p of all words and end marks of `texts`; changes the model to evaluation mode.
double LanguageModelLoss(LanguageModel& model, const std::vector<std::vector<int>>& texts,
                         const Vocabulary& vocabulary);

}  // namespace milan
