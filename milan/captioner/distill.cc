#include "milan/captioner/distill.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <filesystem>
#include <future>
#include <numbers>

#include <fmt/format.h>
#include <torch/torch.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/base/parallel.h"
#include "milan/base/random.h"
#include "milan/base/safetensors.h"
#include "milan/base/version.h"
#include "milan/captioner/distill_data.h"
#include "milan/captioner/encoder_network.h"
#include "milan/captioner/torch_tensors.h"

namespace milan {
namespace {

// Small crops cost a third of the whole picture and show objects at the same scales; the last third
// of the epochs learns what larger surroundings add.
constexpr int kFirstCropSize = 128;
constexpr int kLastCropSize = 192;
constexpr int kWarmUpSteps = 100;
constexpr int64_t kFinestCompared = 64;    // larger maps are compared at every second position
constexpr size_t kStatisticsPhotos = 256;  // for the teacher's mean and variance per channel
constexpr double kWeightDecay = 1e-4;
constexpr float kSmallestVariance = 1e-6F;  // channels that never change ask for nothing

/// Mean and variance of the teacher's channels at one level, each [1, channels, 1, 1].
struct ChannelStatistics {
  torch::Tensor mean;
  torch::Tensor variance;
};

class Distillation {
 public:
  Distillation(const DistillOptions& options, Progress& progress)
      : options_(options), progress_(progress), data_(options), network_(sizes_) {
    workers_ = options.workers > 0 ? options.workers : DefaultWorkers();
    // One thread learns while the others decode and run the teacher.
    at::set_num_threads(std::max(1, workers_ / 2));
    checkpoint_ = options.output;
    checkpoint_ += ".training";
    CreateFolder(checkpoint_);
    checkpoint_ /= "checkpoint.safetensors";
  }

  void Run() {
    MeasureTeacher();
    torch::manual_seed(options_.seed);
    network_ = EncoderNetwork(sizes_);
    MakeHeads();
    torch::optim::AdamW optimizer(
        Parameters(),
        torch::optim::AdamWOptions(options_.learning_rate).weight_decay(kWeightDecay));
    int epoch = Resume(optimizer);
    for (; epoch < options_.epochs; ++epoch) {
      TrainEpoch(optimizer, epoch);
      SaveCheckpoint(optimizer, epoch + 1);
      Export(epoch + 1);
    }
  }

 private:
  size_t Batches() const {
    return std::max<size_t>(1, data_.training().size() / options_.batch_size);
  }

  void MeasureTeacher() {
    std::vector<size_t> photos = data_.training();
    Random(options_.seed).Shuffle(photos);
    photos.resize(std::min(photos.size(), kStatisticsPhotos));
    std::vector<torch::Tensor> sums;
    std::vector<torch::Tensor> squares;
    std::vector<double> counts;
    progress_.Begin("teacher's statistics", static_cast<int64_t>(photos.size()), "photos");
    for (const size_t photo : photos) {
      ThrowIfCancelled(progress_);
      const DistillBatch batch =
          data_.RandomCrops(std::span(&photo, 1), kFirstCropSize, options_.seed);
      sums.resize(batch.targets.size());
      squares.resize(batch.targets.size());
      counts.resize(batch.targets.size());
      for (size_t level = 0; level < batch.targets.size(); ++level) {
        const torch::Tensor values = batch.targets[level].to(torch::kDouble);
        const torch::Tensor sum = values.sum({0, 2, 3}, true);
        const torch::Tensor square = values.square().sum({0, 2, 3}, true);
        sums[level] = sums[level].defined() ? sums[level] + sum : sum;
        squares[level] = squares[level].defined() ? squares[level] + square : square;
        counts[level] += static_cast<double>(values.numel() / values.size(1));
      }
      progress_.Update(static_cast<int64_t>(&photo - photos.data()) + 1);
    }
    progress_.End();
    for (size_t level = 0; level < sums.size(); ++level) {
      const torch::Tensor mean = sums[level] / counts[level];
      const torch::Tensor variance = squares[level] / counts[level] - mean.square();
      teacher_.push_back({mean.to(torch::kFloat), variance.to(torch::kFloat)});
    }
    if (teacher_.size() != sizes_.channels.size()) {
      throw UsageError(fmt::format("the encoder has {} levels; name as many layers to imitate",
                                   sizes_.channels.size()));
    }
  }

  /// A linear map from each of the encoder's levels to the teacher's; only for training.
  void MakeHeads() {
    for (size_t level = 0; level < teacher_.size(); ++level) {
      heads_->push_back(torch::nn::Conv2d(
          torch::nn::Conv2dOptions(sizes_.channels[level], teacher_[level].mean.size(1), 1)));
    }
  }

  std::vector<torch::Tensor> Parameters() const {
    std::vector<torch::Tensor> parameters = network_->parameters();
    for (const torch::Tensor& parameter : heads_->parameters()) parameters.push_back(parameter);
    return parameters;
  }

  /// The positions at which maps are compared: enough of them, at a quarter of the cost.
  static torch::Tensor Compared(const torch::Tensor& maps) {
    const int64_t step = maps.size(2) >= kFinestCompared ? 2 : 1;
    return maps.slice(2, 0, maps.size(2), step).slice(3, 0, maps.size(3), step);
  }

  torch::Tensor Standardized(const DistillBatch& batch, size_t level) const {
    const ChannelStatistics& channels = teacher_[level];
    return (Compared(batch.targets[level]) - channels.mean) /
           torch::sqrt(channels.variance + kSmallestVariance);
  }

  /// Mean squared error of each standardised channel, [channels]; 1 is the error of the mean.
  std::vector<torch::Tensor> Errors(const DistillBatch& batch) {
    const std::vector<torch::Tensor> levels = network_->forward(batch.inputs);
    std::vector<torch::Tensor> errors;
    for (size_t level = 0; level < levels.size(); ++level) {
      const torch::Tensor target = Standardized(batch, level);
      const torch::Tensor guess =
          heads_[level]->as<torch::nn::Conv2d>()->forward(Compared(levels[level]));
      if (guess.sizes() != target.sizes()) {
        throw UsageError(fmt::format(
            "layer {} has maps of {}x{} where the encoder's level {} has {}x{}; name layers at "
            "strides 2, 4, 8, 16",
            options_.teacher_levels[level], target.size(2), target.size(3), level + 1,
            guess.size(2), guess.size(3)));
      }
      errors.push_back((guess - target).square().mean({0, 2, 3}));
    }
    return errors;
  }

  /// Deeper levels carry the meaning that descriptions need, and are the hardest: 0.1 0.2 0.3 0.4.
  double LevelWeight(size_t level) const {
    const auto count = static_cast<double>(teacher_.size());
    return 2 * static_cast<double>(level + 1) / (count * (count + 1));
  }

  /// Cosine schedule over all steps.
  void SetLearningRate(torch::optim::AdamW& optimizer, int64_t step) const {
    const double total = static_cast<double>(options_.epochs) * static_cast<double>(Batches());
    const double share = static_cast<double>(step) / total;
    const double warm_up = std::min(1.0, static_cast<double>(step + 1) / kWarmUpSteps);
    for (auto& group : optimizer.param_groups()) {
      static_cast<torch::optim::AdamWOptions&>(group.options())
          .lr(options_.learning_rate * warm_up * 0.5 * (1 + std::cos(std::numbers::pi * share)));
    }
  }

  void TrainEpoch(torch::optim::AdamW& optimizer, int epoch) {
    const uint64_t seed = options_.seed + 1000003ULL * static_cast<uint64_t>(epoch + 1);
    std::vector<size_t> order = data_.training();
    Random(seed).Shuffle(order);
    const int size = 3 * epoch >= 2 * options_.epochs ? kLastCropSize : kFirstCropSize;
    const auto make = [&](size_t batch) {
      const size_t first = batch * options_.batch_size;
      const size_t count = std::min<size_t>(options_.batch_size, order.size() - first);
      return data_.RandomCrops(std::span(order).subspan(first, count), size, seed);
    };
    // The next batches are made (decoded, seen by the teacher) while one is learned from.
    std::deque<std::future<DistillBatch>> coming;
    const auto ask = [&](size_t batch) {
      if (batch < Batches()) coming.push_back(std::async(std::launch::async, make, batch));
    };
    for (size_t batch = 0; batch < static_cast<size_t>(workers_); ++batch) ask(batch);
    network_->train();
    progress_.Begin(fmt::format("epoch {}/{}", epoch + 1, options_.epochs),
                    static_cast<int64_t>(Batches()), "batches");
    double loss_sum = 0;
    for (size_t batch = 0; batch < Batches(); ++batch) {
      ThrowIfCancelled(progress_);
      const DistillBatch current = coming.front().get();
      coming.pop_front();
      ask(batch + workers_);
      SetLearningRate(optimizer, static_cast<int64_t>(epoch * Batches() + batch));
      torch::Tensor loss = torch::zeros({});
      const std::vector<torch::Tensor> errors = Errors(current);
      for (size_t level = 0; level < errors.size(); ++level) {
        loss = loss + errors[level].mean() * LevelWeight(level);
      }
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      loss_sum += loss.item<double>();
      progress_.Update(static_cast<int64_t>(batch + 1));
    }
    progress_.Note(fmt::format("loss {:.4f}", loss_sum / static_cast<double>(Batches())));
    progress_.End();
  }

  /// Share of the teacher's variance that each level explains on the held-out pictures: the mean
  /// over channels of 1 - squared error / variance.
  std::vector<double> ExplainedVariance() {
    const torch::NoGradGuard no_gradient;
    network_->eval();
    std::vector<torch::Tensor> errors(teacher_.size());
    std::vector<torch::Tensor> sums(teacher_.size());
    std::vector<torch::Tensor> squares(teacher_.size());
    for (const size_t photo : data_.held_out()) {
      const DistillBatch batch = data_.WholePictures(std::span(&photo, 1));
      const std::vector<torch::Tensor> photo_errors = Errors(batch);
      for (size_t level = 0; level < errors.size(); ++level) {
        const torch::Tensor target = Standardized(batch, level);
        const auto add = [](torch::Tensor& sum, const torch::Tensor& value) {
          sum = sum.defined() ? sum + value : value;
        };
        add(errors[level], photo_errors[level].to(torch::kDouble));
        add(sums[level], target.mean({0, 2, 3}).to(torch::kDouble));
        add(squares[level], target.square().mean({0, 2, 3}).to(torch::kDouble));
      }
    }
    std::vector<double> explained;
    const auto count = static_cast<double>(data_.held_out().size());
    for (size_t level = 0; level < errors.size(); ++level) {
      const torch::Tensor variance = squares[level] / count - (sums[level] / count).square();
      const torch::Tensor alive = teacher_[level].variance.flatten() > kSmallestVariance;
      const torch::Tensor share = 1 - errors[level] / count / variance;
      explained.push_back(share.masked_select(alive).mean().item<double>());
    }
    return explained;
  }

  /// What a checkpoint belongs to: continuing with anything else would mix two trainings.
  std::string Identity() const {
    std::string text = HashFile(options_.teacher) + Version();
    for (const std::string& level : options_.teacher_levels) text += "|" + level;
    text += fmt::format("|{}|{}|{}|{}|{}", options_.seed, options_.epochs, options_.batch_size,
                        options_.learning_rate, data_.training().size());
    return HashText(text);
  }

  void SaveCheckpoint(const torch::optim::AdamW& optimizer, int epoch) const {
    SafetensorsWriter writer;
    writer.SetMetadata("identity", Identity());
    writer.SetMetadata("epoch", std::to_string(epoch));
    AddModule(writer, "network.", *network_);
    AddModule(writer, "heads.", *heads_);
    AddOptimizer(writer, "optimizer.", optimizer);
    writer.Write(checkpoint_);
  }

  int Resume(torch::optim::AdamW& optimizer) {
    if (!std::filesystem::exists(checkpoint_)) return 0;
    const SafetensorsFile file(checkpoint_);
    const auto identity = file.metadata().find("identity");
    if (identity == file.metadata().end() || identity->second != Identity()) {
      throw UsageError(
          checkpoint_.string() +
          ": belongs to a training with another teacher, photos or options; remove its "
          "folder to start anew");
    }
    LoadModule(file, "network.", *network_);
    LoadModule(file, "heads.", *heads_);
    LoadOptimizer(file, "optimizer.", optimizer);
    return std::stoi(file.metadata().at("epoch"));
  }

  void Export(int epoch) {
    const std::vector<double> explained = ExplainedVariance();
    progress_.Begin("explained variance", 0, "");
    progress_.Note(fmt::format("{:.3f}", fmt::join(explained, " ")));
    progress_.End();
    const Preprocessing& preprocessing = data_.preprocessing();
    const Network network = ExportEncoder(network_, preprocessing.Height(), preprocessing.Width());
    const Json sidecar = {
        {"name", options_.output.stem().string()},
        {"task", "region features: compact convolutional network distilled from " +
                     options_.teacher.stem().string()},
        {"source", "milan distill"},
        {"licence", "MIT"},
        {"dataset", "photographs for research"},
        {"input", ParseJson(ToJsonText(preprocessing), "preprocessing")},
        {"levels", LevelNames(teacher_.size())},
        {"training",
         {{"teacher_levels", options_.teacher_levels},
          {"teacher_hash", HashFile(options_.teacher)},
          {"photos", data_.training().size()},
          {"held_out", data_.held_out().size()},
          {"seed", options_.seed},
          {"epochs", epoch},
          {"planned_epochs", options_.epochs},
          {"batch_size", options_.batch_size},
          {"learning_rate", options_.learning_rate},
          {"explained_variance", explained}}}};
    Path sidecar_path = options_.output;
    WriteJson(sidecar_path.replace_extension(".json"), sidecar);
    WriteFileAtomically(options_.output, network.Serialize());
  }

  const DistillOptions& options_;
  Progress& progress_;
  EncoderSizes sizes_;
  DistillData data_;
  EncoderNetwork network_;
  torch::nn::ModuleList heads_;
  std::vector<ChannelStatistics> teacher_;
  Path checkpoint_;
  int workers_ = 1;
};

}  // namespace

void Validate(const DistillOptions& options) {
  if (options.epochs < 1) throw UsageError("--epochs must be at least 1");
  if (options.batch_size < 2) throw UsageError("--batch must be at least 2 (batch norm)");
  if (!(options.learning_rate > 0)) throw UsageError("--learning-rate must be positive");
  if (options.photos.empty()) throw UsageError("distillation needs photos");
  if (options.output.extension() != ".onnx")
    throw UsageError("the encoder's file must end in .onnx");
}

void Distill(const DistillOptions& options, Progress& progress) {
  Validate(options);
  Distillation(options, progress).Run();
}

}  // namespace milan
