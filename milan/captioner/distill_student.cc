#include "milan/captioner/distill_student.h"

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/captioner/torch_tensors.h"

namespace milan {
namespace {

constexpr double kSmallestVariance = 1e-6;  // units that never change ask for nothing
constexpr int64_t kLargestCompared = 64;    // larger maps are compared at every second position

/// The positions at which maps are compared: enough of them, at a quarter of the cost.
torch::Tensor Compared(const torch::Tensor& maps) {
  const int64_t step = maps.size(2) >= kLargestCompared ? 2 : 1;
  return maps.slice(2, 0, maps.size(2), step).slice(3, 0, maps.size(3), step);
}

void AddTensor(torch::Tensor& sum, const torch::Tensor& value) {
  sum = sum.defined() ? sum + value : value;
}

/// Deeper levels carry the meaning that descriptions need, and are the hardest: 0.1 0.2 0.3 0.4.
double LevelWeight(size_t level, size_t levels) {
  return 2.0 * static_cast<double>(level + 1) / static_cast<double>(levels * (levels + 1));
}

torch::Tensor AsChannels(const torch::Tensor& values) {
  return values.to(torch::kFloat).view({1, -1, 1, 1});
}

}  // namespace

void ChannelMoments::Add(const torch::Tensor& maps) {
  const torch::Tensor values = maps.to(torch::kDouble);
  AddTensor(sum_, values.sum({0, 2, 3}));
  AddTensor(square_sum_, values.square().sum({0, 2, 3}));
  count_ += static_cast<double>(maps.size(0) * maps.size(2) * maps.size(3));
}

torch::Tensor ChannelMoments::Mean() const { return sum_ / count_; }

torch::Tensor ChannelMoments::Variance() const { return square_sum_ / count_ - Mean().square(); }

DistillStudent::DistillStudent(const EncoderSizes& sizes,
                               const std::vector<ChannelMoments>& teacher, uint64_t seed)
    : network_(nullptr) {
  if (teacher.size() != sizes.channels.size()) {
    throw UsageError(fmt::format("the encoder has {} levels; name as many layers to imitate",
                                 sizes.channels.size()));
  }
  torch::manual_seed(seed);
  network_ = EncoderNetwork(sizes);
  for (size_t level = 0; level < teacher.size(); ++level) {
    const torch::Tensor variance = teacher[level].Variance();
    levels_.push_back({AsChannels(teacher[level].Mean()),
                       AsChannels(torch::sqrt(variance + kSmallestVariance)),
                       variance > kSmallestVariance});
    maps_->push_back(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(sizes.channels[level], variance.size(0), 1)));
  }
}

std::vector<torch::Tensor> DistillStudent::Parameters() const {
  std::vector<torch::Tensor> parameters = network_->parameters();
  for (const torch::Tensor& parameter : maps_->parameters()) parameters.push_back(parameter);
  return parameters;
}

std::vector<DistillStudent::Comparison> DistillStudent::Compare(const DistillBatch& batch) {
  const std::vector<torch::Tensor> levels = network_->forward(batch.inputs);
  std::vector<Comparison> comparisons;
  for (size_t i = 0; i < levels.size(); ++i) {
    const torch::Tensor& target = batch.targets[i];
    if (levels[i].size(2) != target.size(2) || levels[i].size(3) != target.size(3)) {
      throw UsageError(
          fmt::format("the teacher's level {} has maps of {}x{} where the encoder's has {}x{}; "
                      "name layers at strides 2, 4, 8, 16",
                      i + 1, target.size(2), target.size(3), levels[i].size(2), levels[i].size(3)));
    }
    auto* map = maps_[i]->as<torch::nn::Conv2d>();
    comparisons.push_back({(Compared(target) - levels_[i].mean) / levels_[i].deviation,
                           map->forward(Compared(levels[i]))});
  }
  return comparisons;
}

torch::Tensor DistillStudent::Loss(const DistillBatch& batch) {
  network_->train();
  torch::Tensor loss = torch::zeros({});
  const std::vector<Comparison> comparisons = Compare(batch);
  for (size_t i = 0; i < comparisons.size(); ++i) {
    const auto& [target, guess] = comparisons[i];
    loss = loss + (guess - target).square().mean() * LevelWeight(i, comparisons.size());
  }
  return loss;
}

std::vector<double> DistillStudent::ExplainedVariance(const DistillData& data,
                                                      const std::vector<size_t>& photos,
                                                      Progress& progress) {
  const torch::NoGradGuard no_gradient;
  network_->eval();
  std::vector<ChannelMoments> targets(levels_.size());
  std::vector<ChannelMoments> errors(levels_.size());
  for (size_t done = 0; done < photos.size(); progress.Update(static_cast<int64_t>(++done))) {
    ThrowIfCancelled(progress);
    const DistillBatch batch = data.WholePictures(std::span(&photos[done], 1));
    if (batch.IsEmpty()) continue;
    const std::vector<Comparison> comparisons = Compare(batch);
    for (size_t i = 0; i < comparisons.size(); ++i) {
      targets[i].Add(comparisons[i].target);
      errors[i].Add((comparisons[i].guess - comparisons[i].target).square());
    }
  }
  std::vector<double> explained;
  for (size_t i = 0; i < levels_.size(); ++i) {
    const torch::Tensor share = 1 - errors[i].Mean() / targets[i].Variance();
    explained.push_back(share.masked_select(levels_[i].is_alive).mean().item<double>());
  }
  return explained;
}

void DistillStudent::AddTo(SafetensorsWriter& writer) const {
  AddModule(writer, "network.", *network_);
  AddModule(writer, "heads.", *maps_);
}

void DistillStudent::Load(const SafetensorsFile& file) {
  LoadModule(file, "network.", *network_);
  LoadModule(file, "heads.", *maps_);
}

}  // namespace milan
