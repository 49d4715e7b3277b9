#include "milan/captioner/distill.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numbers>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/torch.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/base/parallel.h"
#include "milan/base/random.h"
#include "milan/base/safetensors.h"
#include "milan/base/version.h"
#include "milan/captioner/distill_data.h"
#include "milan/captioner/distill_student.h"
#include "milan/captioner/encoder_network.h"
#include "milan/captioner/prefetch.h"
#include "milan/captioner/torch_tensors.h"

namespace milan {
namespace {

// Small crops cost a third of the whole picture and show objects at the same scales; the last third
// of the epochs learns what larger surroundings add.
constexpr int kFirstCropSize = 128;
constexpr int kLastCropSize = 192;
constexpr int kWarmUpSteps = 100;
constexpr size_t kStatisticsPhotos = 256;  // for the moments of the teacher's units
constexpr double kWeightDecay = 1e-4;

int CropSize(const DistillOptions& options, int epoch) {
  return 3 * epoch >= 2 * options.epochs ? kLastCropSize : kFirstCropSize;
}

/// The moments of the teacher's units per level, over crops of some of the photos.
std::vector<ChannelMoments> MeasureTeacher(const DistillData& data, uint64_t seed, int workers,
                                           Progress& progress) {
  std::vector<size_t> photos = data.training();
  Random(seed).Shuffle(photos);
  photos.resize(std::min(photos.size(), kStatisticsPhotos));
  Prefetch<DistillBatch> batches(photos.size(), static_cast<size_t>(workers), [&](size_t i) {
    return data.RandomCrops({&photos[i], 1}, kFirstCropSize, seed);
  });
  std::vector<ChannelMoments> moments;
  progress.Begin("teacher's statistics", static_cast<int64_t>(photos.size()), "photos");
  for (size_t i = 0; i < photos.size(); ++i) {
    ThrowIfCancelled(progress);
    const DistillBatch batch = batches.Next();
    if (moments.empty()) moments.resize(batch.targets.size());
    for (size_t level = 0; level < batch.targets.size(); ++level) {
      moments[level].Add(batch.targets[level]);
    }
    progress.Update(static_cast<int64_t>(i) + 1);
  }
  progress.End();
  if (moments.empty()) throw InputError("distillation: none of the photos can be read");
  return moments;
}

/// One training run: what it learns, where it stands, what it leaves on disk.
class Distillation {
 public:
  Distillation(const DistillOptions& options, int workers, Progress& progress)
      : options_(options),
        workers_(workers),
        progress_(progress),
        data_(options),
        student_(EncoderSizes{}, MeasureTeacher(data_, options.seed, workers, progress),
                 options.seed),
        optimizer_(student_.Parameters(),
                   torch::optim::AdamWOptions(options.learning_rate).weight_decay(kWeightDecay)),
        checkpoint_(options.output) {
    checkpoint_ += ".training";
    CreateFolder(checkpoint_);
    checkpoint_ /= "checkpoint.safetensors";
  }

  /// The encoder is written after every epoch, so that an early one can be tried.
  void Run() {
    int epoch = Resume();
    if (epoch == options_.epochs) WriteEncoder(epoch);
    while (epoch < options_.epochs) {
      TrainEpoch(epoch++);
      SaveCheckpoint(epoch);
      WriteEncoder(epoch);
    }
  }

 private:
  size_t Batches() const {
    return data_.training().size() / static_cast<size_t>(options_.batch_size);
  }

  void TrainEpoch(int epoch);
  double Learn(const DistillBatch& batch, size_t step);
  std::string Identity() const;
  void SaveCheckpoint(int epoch) const;
  int Resume();
  void WriteEncoder(int epoch);
  Json Training(int epoch, const std::vector<double>& explained) const;

  const DistillOptions& options_;
  int workers_;
  Progress& progress_;
  DistillData data_;
  DistillStudent student_;
  torch::optim::AdamW optimizer_;
  Path checkpoint_;
  std::set<std::string> warned_;
};

void Distillation::TrainEpoch(int epoch) {
  const uint64_t seed = options_.seed + 1000003ULL * static_cast<uint64_t>(epoch + 1);
  const auto batch_size = static_cast<size_t>(options_.batch_size);
  std::vector<size_t> order = data_.training();
  Random(seed).Shuffle(order);
  // The next batches are decoded and seen by the teacher while one is learned from.
  Prefetch<DistillBatch> batches(Batches(), static_cast<size_t>(workers_), [&](size_t batch) {
    return data_.RandomCrops(std::span(order).subspan(batch * batch_size, batch_size),
                             CropSize(options_, epoch), seed);
  });
  progress_.Begin(fmt::format("epoch {}/{}", epoch + 1, options_.epochs),
                  static_cast<int64_t>(Batches()), "batches");
  double loss_sum = 0;
  for (size_t i = 0; i < Batches(); ++i) {
    ThrowIfCancelled(progress_);
    const DistillBatch batch = batches.Next();
    for (const std::string& failure : batch.failures) {
      if (warned_.insert(failure).second) progress_.Warn(failure);
    }
    loss_sum += Learn(batch, static_cast<size_t>(epoch) * Batches() + i);
    progress_.Update(static_cast<int64_t>(i) + 1);
  }
  progress_.Note(fmt::format("loss {:.4f}", loss_sum / static_cast<double>(Batches())));
  progress_.End();
}

/// One step; the learning rate falls along half a cosine over all steps.
double Distillation::Learn(const DistillBatch& batch, size_t step) {
  if (batch.IsEmpty()) return 0;
  const auto total = static_cast<double>(static_cast<size_t>(options_.epochs) * Batches());
  const double warm_up_steps = std::min<double>(kWarmUpSteps, total / 10);
  const double warm_up = std::min(1.0, static_cast<double>(step + 1) / warm_up_steps);
  const double share = static_cast<double>(step) / total;
  for (auto& group : optimizer_.param_groups()) {
    static_cast<torch::optim::AdamWOptions&>(group.options())
        .lr(options_.learning_rate * warm_up * 0.5 * (1 + std::cos(std::numbers::pi * share)));
  }
  const torch::Tensor loss = student_.Loss(batch);
  optimizer_.zero_grad();
  loss.backward();
  optimizer_.step();
  return loss.item<double>();
}

/// What a checkpoint belongs to: continuing with anything else would mix two trainings.
std::string Distillation::Identity() const {
  return HashText(fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", HashFile(options_.teacher), Version(),
                              fmt::join(options_.teacher_levels, "|"), options_.seed,
                              options_.epochs, options_.batch_size, options_.learning_rate,
                              data_.training().size()));
}

void Distillation::SaveCheckpoint(int epoch) const {
  SafetensorsWriter writer;
  writer.SetMetadata("identity", Identity());
  writer.SetMetadata("epoch", std::to_string(epoch));
  student_.AddTo(writer);
  AddOptimizer(writer, "optimizer.", optimizer_);
  writer.Write(checkpoint_);
}

/// Epochs that are done already.
int Distillation::Resume() {
  if (!std::filesystem::exists(checkpoint_)) return 0;
  const SafetensorsFile file(checkpoint_);
  const auto& metadata = file.metadata();
  const auto identity = metadata.find("identity");
  const auto epoch = metadata.find("epoch");
  if (identity == metadata.end() || epoch == metadata.end() || identity->second != Identity()) {
    throw UsageError(checkpoint_.string() +
                     ": belongs to a training with another teacher, photos or options; remove its "
                     "folder to start anew");
  }
  student_.Load(file);
  LoadOptimizer(file, "optimizer.", optimizer_);
  return std::stoi(epoch->second);
}

void Distillation::WriteEncoder(int epoch) {
  progress_.Begin("held-out photos", static_cast<int64_t>(data_.held_out().size()), "photos");
  const std::vector<double> explained =
      student_.ExplainedVariance(data_, data_.held_out(), progress_);
  progress_.Note(fmt::format("explained variance {:.3f}", fmt::join(explained, " ")));
  progress_.End();
  const Preprocessing& preprocessing = data_.preprocessing();
  const Network network =
      ExportEncoder(student_.network(), preprocessing.Height(), preprocessing.Width());
  const Json sidecar = {
      {"name", options_.output.stem().string()},
      {"task", "region features: a compact convolutional network distilled from " +
                   options_.teacher.stem().string()},
      {"dataset", options_.dataset},
      {"source", "milan distill"},
      {"licence", options_.licence},
      {"input", ParseJson(ToJsonText(preprocessing), "preprocessing")},
      {"levels", LevelNames(options_.teacher_levels.size())},
      {"training", Training(epoch, explained)}};
  Path sidecar_path = options_.output;
  WriteJson(sidecar_path.replace_extension(".json"), sidecar);
  WriteFileAtomically(options_.output, network.Serialize());
}

Json Distillation::Training(int epoch, const std::vector<double>& explained) const {
  return {{"teacher", options_.teacher.stem().string()},
          {"teacher_levels", options_.teacher_levels},
          {"teacher_hash", HashFile(options_.teacher)},
          {"photos", data_.training().size()},
          {"held_out", data_.held_out().size()},
          {"seed", options_.seed},
          {"epochs", epoch},
          {"planned_epochs", options_.epochs},
          {"batch_size", options_.batch_size},
          {"learning_rate", options_.learning_rate},
          {"device", KindName(options_.engine.device)},
          {"explained_variance", explained}};
}

/// Sets the threads of libtorch's operators, a setting of the whole process, and sets them back.
class TorchThreads {
 public:
  explicit TorchThreads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  ~TorchThreads() { at::set_num_threads(before_); }
  TorchThreads(const TorchThreads&) = delete;
  TorchThreads& operator=(const TorchThreads&) = delete;

 private:
  int before_;
};

}  // namespace

void Validate(const DistillOptions& options) {
  if (options.epochs < 1) throw UsageError("--epochs must be at least 1");
  if (options.batch_size < 2) throw UsageError("--batch must be at least 2 (batch norm)");
  if (!(options.learning_rate > 0)) throw UsageError("--learning-rate must be positive");
  if (options.workers < 0) throw UsageError("--workers must not be negative");
  if (options.teacher_levels.empty()) throw UsageError("distillation needs --level");
  if (options.photos.empty()) throw UsageError("distillation needs photos");
  if (options.output.extension() != ".onnx") {
    throw UsageError("the encoder's file must end in .onnx, not '" + options.output.string() + "'");
  }
}

void Distill(const DistillOptions& options, Progress& progress) {
  Validate(options);
  const int workers = options.workers > 0 ? options.workers : DefaultWorkers();
  // Half of the processors learn while the others decode and run the teacher.
  const TorchThreads threads(std::max(1, workers / 2));
  Distillation(options, workers, progress).Run();
}

}  // namespace milan
