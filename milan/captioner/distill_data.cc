#include "milan/captioner/distill_data.h"

#include <algorithm>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

constexpr size_t kHeldOutEvery = 40;

// Side of a crop as a share of the photo's shorter side. The encoder will see pictures of 224
// pixels out of 256; crops of 128 pixels show objects at that scale when they take half of the
// shorter side.
constexpr double kSmallestCrop = 0.4;
constexpr double kLargestCrop = 1.0;

Box RandomBox(const Image& photo, Random& random) {
  const double shorter = std::min(photo.width, photo.height);
  const double side = shorter * (kSmallestCrop + (kLargestCrop - kSmallestCrop) * random.Uniform());
  const double left = (photo.width - side) * random.Uniform();
  const double top = (photo.height - side) * random.Uniform();
  return {left, top, std::min<double>(left + side, photo.width),
          std::min<double>(top + side, photo.height)};
}

/// Writes one picture's values into a batch. Not by libtorch's operators, which would use threads
/// of their own on each of the callers'.
void CopyTo(torch::Tensor& batch, int64_t place, std::span<const float> values) {
  std::copy(values.begin(), values.end(),
            batch.data_ptr<float>() + place * static_cast<int64_t>(values.size()));
}

void Mirror(Image& image) {
  const auto width = static_cast<size_t>(image.width);
  for (size_t row = 0; row < static_cast<size_t>(image.height); ++row) {
    uint8_t* pixels = &image.pixels[row * width * 3];
    for (size_t x = 0; x < width / 2; ++x) {
      std::swap_ranges(pixels + x * 3, pixels + x * 3 + 3, pixels + (width - 1 - x) * 3);
    }
  }
}

}  // namespace

DistillData::DistillData(const DistillOptions& options) {
  const Network network = Network::Load(options.teacher);
  if (const auto sidecar = FindSidecar(options.teacher)) {
    preprocessing_ = ReadPreprocessing(*sidecar);
    if (InputShape(preprocessing_)[1] != 3) {
      throw InputError(sidecar->string() +
                       ": a teacher's input has three channels [N, 3, height, width]");
    }
  }
  teacher_ = CreateEngine(network.Tap(options.teacher_levels).WithOpenInputSize(), options.engine);
  for (const Path& path : options.photos) {
    sets_.push_back(OpenPhotoSet(path));
    for (size_t id = 0; id < sets_.back().photos.size(); ++id) {
      (photos_.size() % kHeldOutEvery == 0 ? held_out_ : training_).push_back(photos_.size());
      photos_.emplace_back(sets_.size() - 1, id);
    }
  }
  const auto batch_size = static_cast<size_t>(options.batch_size);
  if (training_.size() < batch_size) {
    throw UsageError("distillation has " + std::to_string(photos_.size()) +
                     " photos, too few for one batch of " + std::to_string(batch_size) +
                     "; give more photos or a smaller --batch");
  }
}

DecodeResult DistillData::Load(size_t photo) const {
  const auto [set, id] = photos_[photo];
  DecodeResult result = LoadPhoto(sets_[set], id);
  if (!result.ok()) result.failure = sets_[set].PathOf(id).string() + ": " + result.failure;
  return result;
}

DistillBatch DistillData::RandomCrops(std::span<const size_t> photos, int size,
                                      uint64_t seed) const {
  std::vector<Image> pictures;
  std::vector<std::string> failures;
  for (const size_t photo : photos) {
    const DecodeResult whole = Load(photo);
    if (!whole.ok()) {
      failures.push_back(whole.failure);
      continue;
    }
    Random random(seed ^ (photo * 0x9E3779B97F4A7C15ULL));
    pictures.push_back(Resize(whole.image, RandomBox(whole.image, random), size, size));
    if (random.Below(2) == 1) Mirror(pictures.back());
  }
  return Teach(pictures, std::move(failures));
}

DistillBatch DistillData::WholePictures(std::span<const size_t> photos) const {
  std::vector<Image> pictures;
  std::vector<std::string> failures;
  for (const size_t photo : photos) {
    const DecodeResult whole = Load(photo);
    if (whole.ok()) {
      pictures.push_back(Picture(preprocessing_, whole.image));
    } else {
      failures.push_back(whole.failure);
    }
  }
  return Teach(pictures, std::move(failures));
}

DistillBatch DistillData::Teach(const std::vector<Image>& pictures,
                                std::vector<std::string> failures) const {
  DistillBatch batch{{}, {}, std::move(failures)};
  if (pictures.empty()) return batch;
  Preprocessing ready = preprocessing_;  // the pictures are cropped already
  ready.shorter_side = 0;
  ready.size = {pictures.front().height, pictures.front().width};
  ready.crop = {0, 0};
  const auto count = static_cast<int64_t>(pictures.size());
  Array input{{1, 3, ready.Height(), ready.Width()}, {}};
  input.values.resize(static_cast<size_t>(ElementCount(input.shape)));
  batch.inputs = torch::empty({count, 3, ready.Height(), ready.Width()});
  for (int64_t i = 0; i < count; ++i) {
    Normalize(ready, pictures[static_cast<size_t>(i)], input.values);
    CopyTo(batch.inputs, i, input.values);
    const ArrayView view = input.View();
    teacher_->Run(std::span(&view, 1), [&](std::span<const ArrayView> outputs) {
      batch.targets.resize(outputs.size());
      for (size_t level = 0; level < outputs.size(); ++level) {
        Shape shape = outputs[level].shape;
        shape.at(0) = count;
        if (i == 0) batch.targets[level] = torch::empty(shape);
        CopyTo(batch.targets[level], i, outputs[level].values);
      }
    });
  }
  return batch;
}

}  // namespace milan
