#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/image/image.h"

namespace milan {

/// What a network's input channels are, in their order. Grey is the luma of Pillow's convert("L").
/// Alpha is 255 everywhere: decoding lays transparent photos over white.
enum class Channels { kRgb, kBgr, kGrey, kRgba, kBgra };
std::string ToString(Channels channels);  ///< "RGB", "BGR", "GREY", "RGBA", "BGRA"
/// Throws kUsage naming the known ones; any case, and "GRAY" for "GREY".
Channels ParseChannels(std::string_view text);
int CountOf(Channels channels);  ///< 3, 3, 1, 4, 4

/// Where the channels of an input lie: [N, C, H, W], or [N, H, W, C] as TensorFlow exports.
enum class PixelLayout { kNchw, kNhwc };
std::string ToString(PixelLayout layout);  ///< "NCHW", "NHWC"
/// Throws kUsage; any case.
PixelLayout ParsePixelLayout(std::string_view text);

/// How a photo becomes a network's input: resize, centre crop, then x = (pixel * scale - mean) /
/// std per channel. The defaults are ImageNet's usual ones.
struct Preprocessing {
  /// Shorter side after resizing, the longer side keeps the aspect ratio (truncated to int); 0:
  /// `size`.
  int shorter_side = 256;
  /// Exact {height, width} after resizing when shorter_side is 0.
  std::array<int, 2> size = {0, 0};
  /// {height, width} of the centre crop; {0, 0}: no crop (only with `size`).
  std::array<int, 2> crop = {224, 224};
  float scale = 1.0F / 255.0F;
  /// One number for all channels, or one per channel in the order of `channels`.
  std::vector<float> mean = {0.485F, 0.456F, 0.406F};
  std::vector<float> std = {0.229F, 0.224F, 0.225F};
  Channels channels = Channels::kRgb;
  PixelLayout layout = PixelLayout::kNchw;

  bool operator==(const Preprocessing&) const = default;

  /// Size of the network's input picture.
  int Height() const { return crop[0] > 0 ? crop[0] : size[0]; }
  int Width() const { return crop[1] > 0 ? crop[1] : size[1]; }
};

/// Throws kUsage when sizes are not positive, the crop is larger than the resized picture, a std is
/// 0, or there is another number of means or stds than 1 or the channels.
void Validate(const Preprocessing& preprocessing);

/// ImageNet's usual means and stds for these channels: a grey channel has the averages of the
/// three, alpha becomes 0..1.
void SetImageNetStatistics(Channels channels, Preprocessing& preprocessing);

/// Takes other channels than until now, whose means and stds follow their colours. Throws kUsage
/// where that is not possible: from three different numbers to grey.
void ChangeChannels(Channels channels, Preprocessing& preprocessing);

/// Shape of the network's input for one photo: [1, 3, 224, 224] or [1, 224, 224, 3].
Shape InputShape(const Preprocessing& preprocessing);

/// What the 256 values of a byte become in a channel.
std::array<float, 256> NormalizedBytes(const Preprocessing& preprocessing, int channel);

/// Reads the member "input" of a network's sidecar JSON (docs/formats.md): resize {shorter_side |
/// size}, crop, scale, mean, std, channels, layout; `defaults` are the channels and the layout
/// where the file has none. Throws kInput naming the file and member; kinds of input that are not
/// photos
/// ("latent") are an error that says so.
Preprocessing ReadPreprocessing(const Path& sidecar, const Preprocessing& defaults = {});

/// The JSON text of a preprocessing, in the form of the sidecar's "input" member; parse with
/// `ParsePreprocessing`. For manifests.
std::string ToJsonText(const Preprocessing& preprocessing);
Preprocessing ParsePreprocessing(const std::string& json_text, const std::string& name);

/// The sidecar of NETWORK.onnx is NETWORK.json beside it; nothing when there is no such file.
std::optional<Path> FindSidecar(const Path& network);

/// The part of a width x height photo that the network sees, in the photo's own pixels: the centre
/// crop traced back through the resize.
Box ViewBox(const Preprocessing& preprocessing, int width, int height);

/// The picture that the network sees: resized and cropped, 8 bit; grey for networks that see no
/// colours. Equal to torchvision's Resize + CenterCrop on PIL images. A crop larger than the
/// resized picture is padded with black as there.
Image Picture(const Preprocessing& preprocessing, const Image& photo);

/// Writes the network's input of a picture, as InputShape arranges it. REQUIRES: the picture has
/// that size and the output as many elements.
void Normalize(const Preprocessing& preprocessing, const Image& picture, std::span<float> output);

}  // namespace milan
