#include "milan/exemplar/latent_set.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/random.h"

namespace milan {
namespace {

NpyFile OpenLatents(const Path& path) {
  NpyFile file(path);
  if (file.shape().empty() || file.shape()[0] < 1) {
    throw InputError(path.string() + ": has no rows; latents are [pictures, ...]");
  }
  return file;
}

int64_t ElementsPerRow(const NpyFile& file) { return ElementCount(file.shape()) / file.shape()[0]; }

void CheckRows(const NpyFile& file, const LatentInput& input, int64_t count) {
  if (file.shape()[0] < count) {
    throw InputError(fmt::format("{}: has {} latents, but {} are asked for", file.path().string(),
                                 file.shape()[0], count));
  }
  if (ElementsPerRow(file) == ElementCount(input.shape)) return;
  throw InputError(fmt::format("{}: has shape {}; input '{}' takes {} per picture",
                               file.path().string(), ToString(file.shape()), input.name,
                               ToString(input.shape)));
}

/// A row as floats.
std::vector<float> ReadRow(const NpyFile& file, int64_t row) {
  const auto bytes = file.bytes();
  const size_t size = bytes.size() / static_cast<size_t>(file.shape()[0]);
  const auto part = bytes.subspan(size * static_cast<size_t>(row), size);
  return NpyArray{file.type(), {ElementsPerRow(file)}, {part.begin(), part.end()}}.AsFloats();
}

/// A generator of its own for every number of every picture and input: a bijection of the seed,
/// mixed anew with each.
Random RandomOf(uint64_t seed, int64_t id, size_t input) {
  const uint64_t of_picture = Random(Random(seed).Next() + static_cast<uint64_t>(id)).Next();
  return Random(Random(of_picture + input).Next());
}

}  // namespace

LatentSet::LatentSet(LatentRecipe recipe) : recipe_(std::move(recipe)) {
  Validate(recipe_.picture);
  for (const LatentInput& input : recipe_.inputs) {
    files_.emplace_back();
    if (!input.file.empty()) {
      files_.back() = OpenLatents(input.file);
      CheckRows(*files_.back(), input, recipe_.count);
    } else if (input.distribution.kind == Distribution::Kind::kOneHot &&
               ElementCount(input.shape) < 2) {
      throw UsageError(
          fmt::format("distribution one-hot: input '{}' has one value; class(COUNT) "
                      "draws the number of a class",
                      input.name));
    }
  }
}

std::vector<Array> LatentSet::EmptyInputs() const {
  std::vector<Array> inputs;
  for (const LatentInput& input : recipe_.inputs) {
    inputs.push_back(
        {input.shape, std::vector<float>(static_cast<size_t>(ElementCount(input.shape)))});
  }
  return inputs;
}

void LatentSet::Fill(int64_t id, std::vector<Array>& inputs) const {
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!files_[i]) {
      Random random = RandomOf(recipe_.seed, id, i);
      Draw(recipe_.inputs[i].distribution, random, inputs[i].values);
      continue;
    }
    inputs[i].values = ReadRow(*files_[i], id);
    const bool is_finite = std::all_of(inputs[i].values.begin(), inputs[i].values.end(),
                                       [](float value) { return std::isfinite(value); });
    if (is_finite) continue;
    throw InputError(
        fmt::format("{}: row {} has numbers that are not finite", files_[i]->path().string(), id));
  }
}

std::string LatentSet::NameOf(int64_t id) { return fmt::format("latent-{:06}.png", id); }

PhotoSet LatentSet::PhotosOf(const Path& folder) const {
  PhotoSet set;
  set.root = std::filesystem::absolute(folder / "photos").lexically_normal();
  for (int64_t id = 0; id < size(); ++id) set.photos.push_back({.name = NameOf(id)});
  return set;
}

int64_t CountLatents(const Path& file) { return OpenLatents(file).shape()[0]; }

}  // namespace milan
