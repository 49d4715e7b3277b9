#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/exemplar/distribution.h"
#include "milan/image/image.h"
#include "milan/image/preprocess.h"

namespace milan {

/// What one input of a generator gets.
struct LatentInput {
  std::string name;
  Shape shape;                     ///< For one picture: [1, 100].
  Distribution distribution = {};  ///< When `file` is empty.
  std::string file;                ///< A .npy file with a row per picture, made absolute.
  std::string hash;                ///< Of the file.

  /// Where the file lies does not matter.
  friend bool operator==(const LatentInput& a, const LatentInput& b) {
    return a.name == b.name && a.shape == b.shape && a.hash == b.hash &&
           (!a.hash.empty() || a.distribution == b.distribution);
  }
};

/// How a generator's output is a picture: a value of `low` is black, one of `high` white.
struct PictureRule {
  std::string output;
  int height = 0;
  int width = 0;
  float low = -1;
  float high = 1;
  Channels channels = Channels::kRgb;  ///< kRgb, kBgr or kGrey.
  PixelLayout layout = PixelLayout::kNchw;

  friend bool operator==(const PictureRule&, const PictureRule&) = default;
};
/// Throws kUsage when the range is empty or the channels are others.
void Validate(const PictureRule& rule);
/// The rule's height, width, layout and number of channels from the output's shape for one picture,
/// where the layout is not clear in favour of the rule's. Throws kInput when it is no picture's.
PictureRule WithShape(PictureRule rule, const Shape& shape);

/// The picture in an output of the rule's shape: (x - low) / (high - low) * 255, rounded; what lies
/// outside of the range, and NaN, goes to its ends.
Image PictureOf(const PictureRule& rule, const ArrayView& output);

/// Where the pictures of a generator come from: everything that decides them, beside the network.
/// Picture i depends on nothing but the seed, i and these.
struct LatentRecipe {
  int64_t count = 0;
  uint64_t seed = 1;
  std::vector<LatentInput> inputs;  ///< In the order of the network's.
  PictureRule picture;

  friend bool operator==(const LatentRecipe&, const LatentRecipe&) = default;
};

/// For manifests (docs/formats.md).
std::string ToJsonText(const LatentRecipe& recipe);
/// Throws kInput; `name` is for errors.
LatentRecipe ParseLatentRecipe(const std::string& json_text, const std::string& name);

/// "10000 latents (seed 1)", "z.npy".
std::string Summarize(const LatentRecipe& recipe);

}  // namespace milan
