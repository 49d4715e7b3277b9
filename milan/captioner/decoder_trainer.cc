#include "milan/captioner/decoder_trainer.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include <fmt/core.h>

#include "milan/evaluate/bleu.h"

namespace milan {
namespace {

/// Greedy search keeps one hypothesis per unit, so many units fit in one batch.
constexpr int64_t kUnitsPerGreedyBatch = 128;
constexpr int64_t kUnitsPerBeamBatch = 16;

/// Every text with its unit.
struct Samples {
  std::vector<std::vector<int>> texts;
  std::vector<int64_t> units;
};

Samples MakeSamples(const DescribedUnits& units, const Vocabulary& vocabulary) {
  Samples samples;
  for (size_t unit = 0; unit < units.texts.size(); ++unit) {
    for (const std::string& text : units.texts[unit]) {
      samples.texts.push_back(vocabulary.Encode(text));
      samples.units.push_back(static_cast<int64_t>(unit));
    }
  }
  return samples;
}

struct Step {
  torch::Tensor features;
  TextBatch texts;
};

Step MakeStep(const DescribedUnits& units, const Samples& samples,
              const std::vector<size_t>& indices, const Vocabulary& vocabulary) {
  std::vector<const std::vector<int>*> texts;
  std::vector<int64_t> rows;
  for (const size_t index : indices) {
    texts.push_back(&samples.texts[index]);
    rows.push_back(samples.units[index]);
  }
  return {units.features.index_select(0, torch::tensor(rows, torch::kLong)),
          MakeTextBatch(texts, vocabulary)};
}

/// The learning rate over the steps of a training.
struct Schedule {
  double learning_rate = 0;
  double weight_decay = 0;
  int warmup = 0;  ///< Steps until the learning rate is reached.
  int epochs = 0;  ///< Over which it falls as a cosine to zero; 0: it stays.
};

Schedule ScheduleOf(const TrainOptions& options) {
  if (options.architecture == kPaperArchitecture)
    return {options.learning_rate, options.weight_decay};
  const SetDecoderTraining& set = options.set_training;
  return {set.learning_rate, set.weight_decay, set.warmup, set.epochs};
}

double RateAt(const Schedule& schedule, size_t step, size_t steps_per_epoch) {
  if (schedule.epochs == 0) return schedule.learning_rate;
  const double steps = static_cast<double>(steps_per_epoch) * schedule.epochs;
  const double part = std::min(1.0, static_cast<double>(step) / steps);
  const double warm = std::min(1.0, static_cast<double>(step + 1) / std::max(1, schedule.warmup));
  return schedule.learning_rate * warm * 0.5 * (1 + std::cos(std::numbers::pi * part));
}

void SetLearningRate(torch::optim::AdamW& optimizer, double rate) {
  for (auto& group : optimizer.param_groups()) {
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
  }
}

/// Calls `describe` with the features of up to `size` units at a time.
template <typename Describe>
void ForEachBatch(const torch::Tensor& features, int64_t size, const Describe& describe) {
  for (int64_t first = 0; first < features.size(0); first += size) {
    describe(features.narrow(0, first, std::min(size, features.size(0) - first)));
  }
}

}  // namespace

double DescriptionBleu(const std::vector<std::string>& descriptions, const DescribedUnits& units) {
  std::vector<std::string> predictions;
  for (const std::string& description : descriptions) {
    predictions.push_back(CleanForBleu(description));
  }
  std::vector<std::vector<std::string>> references;
  for (const std::vector<std::string>& texts : units.texts) {
    std::vector<std::string>& cleaned = references.emplace_back();
    for (const std::string& text : texts) cleaned.push_back(CleanForBleu(text));
  }
  return CorpusBleu(predictions, references);
}

std::vector<std::string> DescribeGreedily(const Captioner& captioner, const DescribedUnits& units) {
  std::vector<std::string> texts;
  ForEachBatch(units.features, kUnitsPerGreedyBatch, [&](const torch::Tensor& features) {
    for (const Candidate& candidate : captioner.Greedy(features, SearchOptions().length)) {
      texts.push_back(captioner.Text(candidate));
    }
  });
  return texts;
}

std::vector<std::string> DescribeByRerank(const Captioner& captioner, const DescribedUnits& units,
                                          Progress& progress) {
  std::vector<std::string> texts;
  progress.Begin("validation", units.features.size(0), "units");
  ForEachBatch(units.features, kUnitsPerBeamBatch, [&](const torch::Tensor& features) {
    ThrowIfCancelled(progress);
    for (const auto& candidates : captioner.Rerank(features, SearchOptions())) {
      texts.push_back(captioner.Text(candidates.at(0)));
    }
    progress.Update(static_cast<int64_t>(texts.size()));
  });
  progress.End();
  return texts;
}

void TrainDecoder(const TrainingUnits& units, Captioner& captioner, const TrainOptions& options,
                  const TrainingPlan& plan, Progress& progress) {
  const Vocabulary& vocabulary = captioner.vocabulary();
  const std::shared_ptr<TextDecoder> decoder = captioner.decoder();
  const Schedule schedule = ScheduleOf(options);
  torch::optim::AdamW optimizer(
      decoder->parameters(),
      torch::optim::AdamWOptions(schedule.learning_rate).weight_decay(schedule.weight_decay));
  const Samples samples = MakeSamples(units.train, vocabulary);
  const auto batch_size = static_cast<size_t>(options.batch_size);

  const auto train_epoch = [&](int epoch) {
    decoder->train();
    double sum = 0;
    const auto batches = BatchesByLength(samples.texts, batch_size, EpochSeed(plan, epoch));
    size_t steps = static_cast<size_t>(epoch - 1) * batches.size();
    for (const std::vector<size_t>& indices : batches) {
      ThrowIfCancelled(progress);
      SetLearningRate(optimizer, RateAt(schedule, steps++, batches.size()));
      const Step step = MakeStep(units.train, samples, indices, vocabulary);
      optimizer.zero_grad();
      const torch::Tensor loss = decoder->Loss(step.features, step.texts, vocabulary);
      loss.backward();
      optimizer.step();
      sum += loss.item<double>();
    }
    decoder->eval();
    return sum / static_cast<double>(batches.size());
  };
  const auto run_epoch = [&](int epoch) -> EpochScore {
    const double loss = train_epoch(epoch);
    if (plan.to_the_end && !plan.HasCheckpoint(epoch)) {
      return {0, fmt::format("{} epoch {}: loss {:.3f}", plan.name, epoch, loss)};
    }
    const double bleu = DescriptionBleu(DescribeGreedily(captioner, units.val), units.val);
    return {bleu, fmt::format("{} epoch {}: loss {:.3f}, validation BLEU {:.2f}", plan.name, epoch,
                              loss, bleu)};
  };
  TrainEpochs(plan, *decoder, optimizer, run_epoch, progress);
  decoder->eval();
}

}  // namespace milan
