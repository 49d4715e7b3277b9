#include "milan/captioner/language_model_trainer.h"

#include <fmt/core.h>

#include "milan/captioner/text_batches.h"

namespace milan {
namespace {

/// Texts per step, as the reference (method.md 5).
constexpr size_t kBatchSize = 128;

TextBatch BatchOf(const std::vector<std::vector<int>>& texts, const std::vector<size_t>& indices,
                  const Vocabulary& vocabulary) {
  std::vector<const std::vector<int>*> chosen;
  for (const size_t index : indices) chosen.push_back(&texts[index]);
  return MakeTextBatch(chosen, vocabulary);
}

/// One pass over the texts; returns the mean loss of its steps.
double TrainEpoch(LanguageModel& model, torch::optim::AdamW& optimizer,
                  const std::vector<std::vector<int>>& texts,
                  const std::vector<std::vector<size_t>>& batches, const Vocabulary& vocabulary) {
  model->train();
  double sum = 0;
  for (const std::vector<size_t>& indices : batches) {
    const TextBatch batch = BatchOf(texts, indices, vocabulary);
    optimizer.zero_grad();
    const torch::Tensor loss = MeanLoss(model->forward(batch.inputs), batch.targets, vocabulary);
    loss.backward();
    optimizer.step();
    sum += loss.item<double>();
  }
  return sum / static_cast<double>(batches.size());
}

}  // namespace

double LanguageModelLoss(LanguageModel& model, const std::vector<std::vector<int>>& texts,
                         const Vocabulary& vocabulary) {
  const torch::NoGradGuard no_gradient;
  model->eval();
  double sum = 0;
  int64_t count = 0;
  for (const std::vector<size_t>& indices : BatchesByLength(texts, kBatchSize, 0)) {
    const TextBatch batch = BatchOf(texts, indices, vocabulary);
    const int64_t targets = CountTargets(batch.targets, vocabulary);
    sum += MeanLoss(model->forward(batch.inputs), batch.targets, vocabulary).item<double>() *
           static_cast<double>(targets);
    count += targets;
  }
  return count > 0 ? sum / static_cast<double>(count) : 0;
}

LanguageModel TrainLanguageModel(const LanguageModelTexts& texts, const Vocabulary& vocabulary,
                                 const TrainOptions& options, const TrainingPlan& plan,
                                 Progress& progress) {
  torch::manual_seed(EpochSeed(plan, 0));
  const LanguageModelSizes sizes = {vocabulary.size(), vocabulary.pad(), options.embedding_size,
                                    options.hidden_size};
  LanguageModel model(sizes, options.dropout);
  torch::optim::AdamW optimizer(
      model->parameters(),
      torch::optim::AdamWOptions(options.learning_rate).weight_decay(options.weight_decay));
  const auto train = EncodeAll(texts.train, vocabulary);
  const auto val = EncodeAll(texts.val, vocabulary);
  const auto run_epoch = [&](int epoch) -> EpochScore {
    const auto batches = BatchesByLength(train, kBatchSize, EpochSeed(plan, epoch));
    const double loss = TrainEpoch(model, optimizer, train, batches, vocabulary);
    const double val_loss = LanguageModelLoss(model, val, vocabulary);
    return {-val_loss, fmt::format("{} epoch {}: loss {:.3f}, validation {:.3f}", plan.name, epoch,
                                   loss, val_loss)};
  };
  TrainEpochs(plan, *model, optimizer, run_epoch, progress);
  model->eval();
  return model;
}

}  // namespace milan
