#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/image/image.h"

namespace milan {

/// How a photo becomes a network's input: resize, centre crop, then x = (pixel * scale - mean) /
/// std per channel, RGB order, NCHW. The defaults are ImageNet's usual ones.
struct Preprocessing {
  /// Shorter side after resizing, the longer side keeps the aspect ratio (truncated to int); 0:
  /// `size`.
  int shorter_side = 256;
  /// Exact {height, width} after resizing when shorter_side is 0.
  std::array<int, 2> size = {0, 0};
  /// {height, width} of the centre crop; {0, 0}: no crop (only with `size`).
  std::array<int, 2> crop = {224, 224};
  float scale = 1.0F / 255.0F;
  std::array<float, 3> mean = {0.485F, 0.456F, 0.406F};
  std::array<float, 3> std = {0.229F, 0.224F, 0.225F};

  bool operator==(const Preprocessing&) const = default;

  /// Size of the network's input picture.
  int Height() const { return crop[0] > 0 ? crop[0] : size[0]; }
  int Width() const { return crop[1] > 0 ? crop[1] : size[1]; }
};

/// Throws kUsage when sizes are not positive, the crop is larger than the resized picture, or a std
/// is 0.
void Validate(const Preprocessing& preprocessing);

/// Reads the member "input" of a network's sidecar JSON (docs/formats.md): resize {shorter_side |
/// size}, crop, scale, mean, std. Throws kInput naming the file and member; kinds of input that are
/// not photos ("latent") are an error that says so.
Preprocessing ReadPreprocessing(const Path& sidecar);

/// The JSON text of a preprocessing, in the form of the sidecar's "input" member; parse with
/// `ParsePreprocessing`. For manifests.
std::string ToJsonText(const Preprocessing& preprocessing);
Preprocessing ParsePreprocessing(const std::string& json_text, const std::string& name);

/// The sidecar of NETWORK.onnx is NETWORK.json beside it; nothing when there is no such file.
std::optional<Path> FindSidecar(const Path& network);

/// The part of a width x height photo that the network sees, in the photo's own pixels: the centre
/// crop traced back through the resize.
Box ViewBox(const Preprocessing& preprocessing, int width, int height);

/// The picture that the network sees: resized and cropped, 8 bit. Equal to torchvision's Resize +
/// CenterCrop on PIL images. A crop larger than the resized picture is padded with black as there.
Image Picture(const Preprocessing& preprocessing, const Image& photo);

/// Writes the network's input [3, Height(), Width()] of a picture. REQUIRES: picture has that size
/// and output 3 * Height() * Width() elements.
void Normalize(const Preprocessing& preprocessing, const Image& picture, std::span<float> output);

}  // namespace milan
