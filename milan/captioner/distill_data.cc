#include "milan/captioner/distill_data.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "milan/captioner/torch_tensors.h"

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

void Mirror(Image& image) {
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width / 2; ++x) {
      uint8_t* left = &image.pixels[(static_cast<size_t>(y) * image.width + x) * 3];
      uint8_t* right =
          &image.pixels[(static_cast<size_t>(y) * image.width + image.width - 1 - x) * 3];
      std::swap_ranges(left, left + 3, right);
    }
  }
}

}  // namespace

DistillData::DistillData(const DistillOptions& options) {
  const Network network = Network::Load(options.teacher);
  const auto sidecar = FindSidecar(options.teacher);
  if (sidecar) preprocessing_ = ReadPreprocessing(*sidecar);
  teacher_ = CreateEngine(network.Tap(options.teacher_levels).WithOpenInputSize());
  for (const Path& path : options.photos) {
    sets_.push_back(OpenPhotoSet(path));
    for (size_t id = 0; id < sets_.back().photos.size(); ++id) {
      (photos_.size() % kHeldOutEvery == 0 ? held_out_ : training_).push_back(photos_.size());
      photos_.emplace_back(sets_.size() - 1, id);
    }
  }
  if (training_.empty()) throw UsageError("distillation needs at least two photos");
}

Image DistillData::Load(size_t photo) const {
  const auto [set, id] = photos_[photo];
  DecodeResult result = LoadPhoto(sets_[set], id);
  if (!result.ok()) throw InputError(sets_[set].PathOf(id).string() + ": " + result.failure);
  return std::move(result.image);
}

DistillBatch DistillData::RandomCrops(std::span<const size_t> photos, int size,
                                      uint64_t seed) const {
  std::vector<Image> pictures;
  for (const size_t photo : photos) {
    Random random(seed ^ (photo * 0x9E3779B97F4A7C15ULL));
    const Image whole = Load(photo);
    pictures.push_back(Resize(whole, RandomBox(whole, random), size, size));
    if (random.Below(2) == 1) Mirror(pictures.back());
  }
  return Teach(pictures);
}

DistillBatch DistillData::WholePictures(std::span<const size_t> photos) const {
  std::vector<Image> pictures;
  for (const size_t photo : photos) pictures.push_back(Picture(preprocessing_, Load(photo)));
  return Teach(pictures);
}

DistillBatch DistillData::Teach(const std::vector<Image>& pictures) const {
  Preprocessing direct = preprocessing_;
  direct.shorter_side = 0;
  direct.size = {pictures.front().height, pictures.front().width};
  direct.crop = {0, 0};
  Array input{{1, 3, direct.Height(), direct.Width()}, {}};
  input.values.resize(ElementCount(input.shape));
  std::vector<torch::Tensor> inputs;
  std::vector<std::vector<torch::Tensor>> targets;  // [level][picture]
  for (const Image& picture : pictures) {
    Normalize(direct, picture, input.values);
    inputs.push_back(ToTensor(input.View()));
    const ArrayView view = input.View();
    teacher_->Run(std::span(&view, 1), [&](std::span<const ArrayView> outputs) {
      targets.resize(outputs.size());
      for (size_t level = 0; level < outputs.size(); ++level) {
        targets[level].push_back(ToTensor(outputs[level]));
      }
    });
  }
  DistillBatch batch{torch::cat(inputs), {}};
  for (const auto& level : targets) batch.targets.push_back(torch::cat(level));
  return batch;
}

}  // namespace milan
