#include "milan/captioner/training_loop.h"

#include <algorithm>
#include <filesystem>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/random.h"
#include "milan/base/safetensors.h"
#include "milan/captioner/torch_tensors.h"

namespace milan {
namespace {

constexpr const char* kFingerprint = "fingerprint.";
constexpr const char* kModel = "model.";
constexpr const char* kBest = "best.";
constexpr const char* kOptimizer = "optimizer.";

/// Weights and buffers by name, apart from the module that they were copied from.
using Weights = std::map<std::string, torch::Tensor>;

Weights CopyWeights(const torch::nn::Module& module) {
  Weights weights;
  for (const auto& item : module.named_parameters()) {
    weights[item.key()] = item.value().detach().clone();
  }
  for (const auto& item : module.named_buffers()) weights[item.key()] = item.value().clone();
  return weights;
}

void RestoreWeights(const Weights& weights, torch::nn::Module& module) {
  const torch::NoGradGuard no_gradient;
  for (auto& item : module.named_parameters()) item.value().copy_(weights.at(item.key()));
  for (auto& item : module.named_buffers()) item.value().copy_(weights.at(item.key()));
}

/// Where a training stands between two epochs.
struct Standing {
  int epochs = 0;    ///< Finished.
  int improved = 0;  ///< The last epoch that was better than all before it.
  ChosenEpoch best;
  Weights best_weights;  ///< Empty when the plan goes to the end.

  void Add(int epoch, double score, const TrainingPlan& plan, const torch::nn::Module& module) {
    epochs = epoch;
    if (plan.to_the_end) {
      best = {epoch, score};
      return;
    }
    // The first epoch is the best so far whatever its score, so that there always is one; of equal
    // epochs the last, which has learnt longer.
    if (epoch == 1 || score > best.score) improved = epoch;
    if (improved == epoch || score == best.score) {
      best = {epoch, score};
      best_weights = CopyWeights(module);
    }
  }

  bool IsOver(const TrainingPlan& plan) const {
    return epochs >= plan.max_epochs || (!plan.to_the_end && epochs - improved > plan.patience);
  }
};

class Checkpoint {
 public:
  Checkpoint(const TrainingPlan& plan, torch::nn::Module& module, torch::optim::AdamW& optimizer)
      : plan_(plan), module_(module), optimizer_(optimizer) {}

  void Save(const Standing& standing) const {
    SafetensorsWriter writer;
    for (const auto& [key, value] : plan_.fingerprint) {
      writer.SetMetadata(kFingerprint + key, value);
    }
    AddModule(writer, kModel, module_);
    for (const auto& [name, weight] : standing.best_weights) {
      const Array values = ToArray(weight);
      writer.Add<float>(kBest + name, values.shape, values.values);
    }
    AddOptimizer(writer, kOptimizer, optimizer_);
    const std::vector<int64_t> counters = {standing.epochs, standing.improved, standing.best.epoch};
    writer.Add<int64_t>("epochs", {3}, counters);
    writer.Add<double>("best_score", {1}, std::span(&standing.best.score, 1));
    writer.Write(CheckpointPath(plan_));
  }

  /// The standing of the checkpoint, whose weights are now the module's; a fresh one without it.
  Standing Load() const {
    Standing standing;
    if (!std::filesystem::exists(CheckpointPath(plan_))) return standing;
    const SafetensorsFile file(CheckpointPath(plan_));
    CheckFingerprint(file);
    if (!plan_.to_the_end) {
      LoadModule(file, kBest, module_);
      standing.best_weights = CopyWeights(module_);
    }
    LoadModule(file, kModel, module_);
    LoadOptimizer(file, kOptimizer, optimizer_);
    const std::vector<int64_t> counters = file.At("epochs").As<int64_t>();
    standing.epochs = static_cast<int>(counters.at(0));
    standing.improved = static_cast<int>(counters.at(1));
    standing.best = {static_cast<int>(counters.at(2)), file.At("best_score").As<double>().at(0)};
    return standing;
  }

 private:
  void CheckFingerprint(const SafetensorsFile& file) const {
    for (const auto& [key, value] : plan_.fingerprint) {
      const auto stored = file.metadata().find(kFingerprint + key);
      const std::string before = stored == file.metadata().end() ? "nothing" : stored->second;
      if (before == value) continue;
      throw InputError(file.path().string() + ": is the checkpoint of another training (" + key +
                       " was " + before + ", now " + value +
                       "); continue with that, choose another output, or delete the folder " +
                       plan_.folder.string());
    }
  }

  const TrainingPlan& plan_;
  torch::nn::Module& module_;
  torch::optim::AdamW& optimizer_;
};

}  // namespace

Path CheckpointPath(const TrainingPlan& plan) {
  std::string name = plan.name + ".checkpoint.safetensors";
  std::replace(name.begin(), name.end(), ' ', '-');
  return plan.folder / name;
}

uint64_t EpochSeed(const TrainingPlan& plan, int epoch) {
  const std::string hash =
      HashText(plan.name + "/" + std::to_string(epoch) + "/" + std::to_string(plan.seed));
  return Random(std::stoull(hash.substr(0, 16), nullptr, 16)).Next();
}

ChosenEpoch TrainEpochs(const TrainingPlan& plan, torch::nn::Module& module,
                        torch::optim::AdamW& optimizer,
                        const std::function<EpochScore(int epoch)>& run_epoch, Progress& progress) {
  const Checkpoint checkpoint(plan, module, optimizer);
  Standing standing = checkpoint.Load();
  progress.Begin(plan.name, plan.max_epochs, "epochs");
  progress.Update(standing.epochs);
  while (!standing.IsOver(plan)) {
    ThrowIfCancelled(progress);
    const int epoch = standing.epochs + 1;
    torch::manual_seed(EpochSeed(plan, epoch));
    const EpochScore score = run_epoch(epoch);
    standing.Add(epoch, score.score, plan, module);
    if (standing.IsOver(plan) || plan.HasCheckpoint(epoch)) checkpoint.Save(standing);
    progress.Note(score.note);
    progress.Update(epoch);
  }
  progress.End();
  if (!plan.to_the_end) RestoreWeights(standing.best_weights, module);
  return standing.best;
}

}  // namespace milan
