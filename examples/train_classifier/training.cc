#include "training.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include <fmt/format.h>

#include "average_precision.h"
#include "milan/base/error.h"
#include "milan/base/parallel.h"
#include "milan/base/random.h"

namespace milan {
namespace {

void Mirror(Image& image) {
  for (int y = 0; y < image.height; ++y) {
    uint8_t* row = image.pixels.data() + static_cast<size_t>(y) * image.width * 3;
    for (int left = 0, right = image.width - 1; left < right; ++left, --right) {
      std::swap_ranges(row + left * 3, row + left * 3 + 3, row + right * 3);
    }
  }
}

Image Augment(const Image& picture, const TrainingOptions& options, uint64_t seed) {
  Random random(seed);
  const double share = options.smallest_crop + (1 - options.smallest_crop) * random.Uniform();
  const double width = picture.width * share;
  const double height = picture.height * share;
  const double left = (picture.width - width) * random.Uniform();
  const double top = (picture.height - height) * random.Uniform();
  const bool mirrored = random.Uniform() < 0.5 && options.flip;
  Image image = share == 1 ? picture
                           : Resize(picture, {left, top, left + width, top + height}, picture.width,
                                    picture.height);
  if (mirrored) Mirror(image);
  return image;
}

/// What `picture(i)` gives for 0 .. count-1, as channels-last inputs.
template <typename PictureOf>
torch::Tensor ToInputs(size_t count, Preprocessing preprocessing, int workers,
                       const PictureOf& picture) {
  preprocessing.layout = PixelLayout::kNhwc;
  const auto pixels = static_cast<size_t>(preprocessing.Height() * preprocessing.Width() * 3);
  torch::Tensor inputs =
      torch::empty({static_cast<int64_t>(count), preprocessing.Height(), preprocessing.Width(), 3});
  auto* first = inputs.data_ptr<float>();
  ParallelFor(workers, static_cast<int64_t>(count), [&](int, int64_t i) {
    Normalize(preprocessing, picture(static_cast<size_t>(i)), {first + i * pixels, pixels});
  });
  return inputs.permute({0, 3, 1, 2});
}

torch::Tensor Targets(const LabelledPictures& pictures, std::span<const size_t> items,
                      int64_t classes, bool multi_label) {
  const auto count = static_cast<int64_t>(items.size());
  if (!multi_label) {
    torch::Tensor targets = torch::empty({count}, torch::kLong);
    for (int64_t i = 0; i < count; ++i) targets[i] = pictures.classes[items[i]].front();
    return targets;
  }
  torch::Tensor targets = torch::zeros({count, classes});
  for (int64_t i = 0; i < count; ++i) {
    for (const int32_t label : pictures.classes[items[i]]) targets[i][label] = 1;
  }
  return targets;
}

torch::Tensor Loss(const torch::Tensor& logits, const torch::Tensor& targets,
                   const TrainingOptions& options, double smoothing) {
  namespace F = torch::nn::functional;
  if (options.multi_label) return F::binary_cross_entropy_with_logits(logits, targets);
  return F::cross_entropy(logits, targets, F::CrossEntropyFuncOptions().label_smoothing(smoothing));
}

double MeanAveragePrecision(const torch::Tensor& scores, const torch::Tensor& targets) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t i = 0; i < scores.size(1); ++i) {
    const torch::Tensor column = scores.select(1, i).contiguous();
    const torch::Tensor truth = targets.select(1, i).contiguous();
    const auto size = static_cast<size_t>(column.numel());
    const double precision =
        AveragePrecision({column.data_ptr<float>(), size}, {truth.data_ptr<float>(), size});
    if (std::isnan(precision)) continue;  // no such photo
    sum += precision;
    ++count;
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

double Score(const torch::Tensor& logits, const torch::Tensor& targets, bool multi_label) {
  if (multi_label) return MeanAveragePrecision(logits, targets);
  return logits.argmax(1).eq(targets).to(torch::kFloat).mean().item<double>();
}

/// One network's training.
class Trainer {
 public:
  Trainer(ClassifierNetwork& network, const LabelledPictures& training,
          const LabelledPictures& validation, const Preprocessing& preprocessing,
          const TrainingOptions& options, Progress& progress)
      : network_(network),
        training_(training),
        validation_(validation),
        preprocessing_(preprocessing),
        options_(options),
        progress_(progress),
        optimizer_(network->parameters(),
                   torch::optim::AdamWOptions(options.rate).weight_decay(options.weight_decay)) {
    const auto count = std::ssize(training.pictures);
    steps_per_epoch_ = std::max<int64_t>(1, count / options.batch);
    batch_ = std::min<int64_t>(options.batch, count);
  }

  EpochResult Epoch(int epoch) {
    Random random(options_.seed * 1000003 + static_cast<uint64_t>(epoch));
    const std::vector<size_t> order = random.Permutation(training_.pictures.size());
    network_->train();
    EpochResult result;
    for (int64_t step = 0; step < steps_per_epoch_; ++step) {
      ThrowIfCancelled(progress_);
      const std::span items = std::span(order).subspan(step * batch_, batch_);
      result.training_loss += Step(epoch, step, items) / static_cast<double>(steps_per_epoch_);
      progress_.Update(epoch * steps_per_epoch_ + step + 1);
    }
    Validate(result);
    return result;
  }

  int64_t steps() const { return steps_per_epoch_ * options_.epochs; }

 private:
  double Rate(int64_t step) const {
    const auto warm = static_cast<double>(steps_per_epoch_);
    const auto all = static_cast<double>(steps());
    const auto now = static_cast<double>(step) + 0.5;
    if (options_.epochs > 1 && now < warm) return options_.rate * now / warm;
    return options_.rate * (1 + std::cos(std::numbers::pi * now / all)) / 2;
  }

  double Step(int epoch, int64_t step, std::span<const size_t> items) {
    const int64_t total = epoch * steps_per_epoch_ + step;
    for (auto& group : optimizer_.param_groups()) {
      static_cast<torch::optim::AdamWOptions&>(group.options()).lr(Rate(total));
    }
    const torch::Tensor inputs =
        ToInputs(items.size(), preprocessing_, options_.workers, [&](size_t i) {
          const uint64_t place =
              static_cast<uint64_t>(epoch) * training_.pictures.size() + items[i];
          return Augment(training_.pictures[items[i]], options_,
                         Random(options_.seed).Next() ^ place);
        });
    optimizer_.zero_grad();
    const torch::Tensor logits = network_->forward(inputs);
    const torch::Tensor loss =
        Loss(logits, Targets(training_, items, logits.size(1), options_.multi_label), options_,
             options_.smoothing);
    loss.backward();
    optimizer_.step();
    const auto value = loss.item<double>();
    if (!std::isfinite(value)) {
      throw InputError("the loss is no number any more; lower the learning rate (--rate)");
    }
    return value;
  }

  void Validate(EpochResult& result) {
    const torch::NoGradGuard no_gradient;
    network_->eval();
    std::vector<torch::Tensor> logits;
    std::vector<size_t> items(validation_.pictures.size());
    std::iota(items.begin(), items.end(), size_t{0});
    for (size_t begin = 0; begin < items.size(); begin += options_.batch) {
      const size_t end = std::min(items.size(), begin + static_cast<size_t>(options_.batch));
      logits.push_back(network_->forward(Inputs(validation_, begin, end, preprocessing_)));
    }
    const torch::Tensor all = torch::cat(logits);
    const torch::Tensor targets = Targets(validation_, items, all.size(1), options_.multi_label);
    result.validation_loss = Loss(all, targets, options_, 0).item<double>();
    result.score = Score(all, targets, options_.multi_label);
  }

  ClassifierNetwork& network_;
  const LabelledPictures& training_;
  const LabelledPictures& validation_;
  const Preprocessing& preprocessing_;
  const TrainingOptions& options_;
  Progress& progress_;
  torch::optim::AdamW optimizer_;
  int64_t steps_per_epoch_ = 0;
  int64_t batch_ = 0;
};

}  // namespace

void Validate(const TrainingOptions& options) {
  const auto require = [](bool holds, const char* message) {
    if (!holds) throw UsageError(message);
  };
  require(options.epochs >= 1, "--epochs: must be at least 1");
  require(options.batch >= 2, "--batch: must be at least 2 (batch norm)");
  require(options.rate > 0, "--rate: must be above 0");
  require(options.weight_decay >= 0, "--weight-decay: must not be negative");
  require(options.smoothing >= 0 && options.smoothing < 1, "--smoothing: must be 0 to below 1");
  require(options.smallest_crop > 0 && options.smallest_crop <= 1,
          "--smallest-crop: must be above 0, at most 1");
}

std::vector<EpochResult> Train(ClassifierNetwork& network, const LabelledPictures& training,
                               const LabelledPictures& validation,
                               const Preprocessing& preprocessing, const TrainingOptions& options,
                               Progress& progress) {
  Validate(options);
  network->to(torch::kFloat);
  Trainer trainer(network, training, validation, preprocessing, options, progress);
  std::vector<EpochResult> results;
  progress.Begin("training", trainer.steps(), "batches");
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    results.push_back(trainer.Epoch(epoch));
    const EpochResult& result = results.back();
    progress.Note(fmt::format("epoch {}: loss {:.3f}, validation {:.3f}, {} {:.1f} %", epoch + 1,
                              result.training_loss, result.validation_loss,
                              options.multi_label ? "average precision" : "accuracy",
                              100 * result.score));
  }
  progress.End();
  return results;
}

torch::Tensor Inputs(const LabelledPictures& pictures, size_t begin, size_t end,
                     const Preprocessing& preprocessing) {
  return ToInputs(end - begin, preprocessing, 1,
                  [&](size_t i) -> const Image& { return pictures.pictures[begin + i]; });
}

}  // namespace milan
