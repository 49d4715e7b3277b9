#include <algorithm>
#include <charconv>
#include <cmath>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/network_step.h"
#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/network/photo_input.h"

namespace milan {
namespace {

/// "256" gives one number, "224x192" two.
std::vector<int> ParseSizes(const std::string& text, const std::string& option) {
  std::vector<int> sizes;
  const char* position = text.data();
  const char* end = position + text.size();
  while (position <= end && sizes.size() < 3) {
    int size = 0;
    const auto [next, error] = std::from_chars(position, end, size);
    if (error != std::errc() || size < 1 || (next != end && *next != 'x')) break;
    sizes.push_back(size);
    if (next == end && sizes.size() <= 2) return sizes;
    position = next + 1;
  }
  throw UsageError(option + " " + text + ": expected a number of pixels (256) or HEIGHTxWIDTH");
}

/// Numbers that the user gives, too, need not follow their colours.
void ApplyChannels(const PreprocessingOptions& options, Preprocessing& preprocessing) {
  if (!options.mean.empty()) preprocessing.mean = {0};
  if (!options.std.empty()) preprocessing.std = {1};
  if (!options.channels.empty()) ChangeChannels(ParseChannels(options.channels), preprocessing);
  if (!options.layout.empty()) preprocessing.layout = ParsePixelLayout(options.layout);
}

void ApplyOptions(const PreprocessingOptions& options, Preprocessing& preprocessing) {
  if (!options.resize.empty()) {
    const auto sizes = ParseSizes(options.resize, "--resize");
    preprocessing.shorter_side = sizes.size() == 1 ? sizes[0] : 0;
    preprocessing.size = sizes.size() == 2 ? std::array{sizes[0], sizes[1]} : std::array{0, 0};
    if (sizes.size() == 2 && options.crop.empty()) preprocessing.crop = {0, 0};
  }
  if (!options.crop.empty()) {
    const auto sizes = ParseSizes(options.crop, "--crop");
    preprocessing.crop = {sizes.front(), sizes.back()};
  }
  ApplyChannels(options, preprocessing);
  if (!options.mean.empty()) preprocessing.mean = options.mean;
  if (!options.std.empty()) preprocessing.std = options.std;
  if (options.scale != 0) preprocessing.scale = options.scale;
}

/// What is known of the photo's input before its file is read: from the options, then the sidecar.
PhotoInputHints HintsOf(const Network& network, const std::optional<Path>& sidecar,
                        const PreprocessingOptions& options) {
  PhotoInputHints hints;
  std::string layout = options.layout;
  std::string channels = options.channels;
  if (sidecar) {
    const std::string name = sidecar->string();
    const Json input = GetOr<Json>(ReadJson(*sidecar), "input", Json::object(), name);
    hints.name = GetOr<std::string>(input, "name", "", name);
    if (layout.empty()) layout = GetOr<std::string>(input, "layout", "", name);
    if (channels.empty()) channels = GetOr<std::string>(input, "channels", "", name);
  }
  const std::vector<NetworkValue> inputs = network.Inputs();
  const bool is_known = std::any_of(inputs.begin(), inputs.end(), [&](const NetworkValue& input) {
    return input.name == hints.name;
  });
  if (!is_known) hints.name.clear();  // a sidecar may be older than the names of the file
  try {
    if (!layout.empty()) hints.is_channels_last = ParsePixelLayout(layout) == PixelLayout::kNhwc;
    if (!channels.empty()) hints.channels = CountOf(ParseChannels(channels));
  } catch (const Error& error) {
    if (!options.layout.empty() || !options.channels.empty()) throw;
    throw InputError(sidecar->string() + ": input: " + error.what());
  }
  return hints;
}

Channels UsualChannels(const PhotoInput& input) {
  if (input.channels == 1) return Channels::kGrey;
  return input.channels == 4 ? Channels::kRgba : Channels::kRgb;
}

/// ImageNet's usual preprocessing, with its 256/224 proportions carried over to the input size that
/// the network's file fixes (if it does). A network that takes bytes gets them as they are.
Preprocessing DefaultFor(const PhotoInput& input) {
  Preprocessing preprocessing;
  SetImageNetStatistics(UsualChannels(input), preprocessing);
  preprocessing.layout = input.is_channels_last ? PixelLayout::kNhwc : PixelLayout::kNchw;
  if (RangeOf(input.type)) {
    preprocessing.scale = 1;
    preprocessing.mean = {0};
    preprocessing.std = {1};
  }
  const int64_t height = input.height;
  const int64_t width = input.width;
  if (height < 1 || width < 1 || height > 16384 || width > 16384) return preprocessing;
  preprocessing.crop = {static_cast<int>(height), static_cast<int>(width)};
  const auto longer = static_cast<double>(std::max(height, width));
  preprocessing.shorter_side = static_cast<int>(std::lround(longer * 256 / 224));
  return preprocessing;
}

/// Where the network takes integers: rounding 0..1 to them would leave nothing of the photo.
void CheckIntegers(const Network& network, const PhotoInput& input,
                   const Preprocessing& preprocessing, const std::string& prefix) {
  const auto range = RangeOf(input.type);
  if (!range) return;
  for (int channel = 0; channel < CountOf(preprocessing.channels); ++channel) {
    for (const float value : NormalizedBytes(preprocessing, channel)) {
      const bool is_whole = std::abs(value - std::round(value)) < 1e-3F;
      if (is_whole && value >= range->lowest - 0.5 && value <= range->highest + 0.5) continue;
      throw InputError(
          fmt::format("{}: input '{}' takes {}, but the preprocessing gives values such as {}; "
                      "{}scale 1 {}mean 0 {}std 1 gives the bytes as they are",
                      network.name(), input.name, input.type, value, prefix, prefix, prefix));
    }
  }
}

std::string Summarize(const Preprocessing& preprocessing) {
  const std::string resize =
      preprocessing.shorter_side > 0
          ? fmt::format("shorter side {}", preprocessing.shorter_side)
          : fmt::format("resize {}x{}", preprocessing.size[0], preprocessing.size[1]);
  const bool is_usual =
      preprocessing.channels == Channels::kRgb && preprocessing.layout == PixelLayout::kNchw;
  return fmt::format("{}, input {}x{}{}", resize, preprocessing.Height(), preprocessing.Width(),
                     is_usual ? ""
                              : fmt::format(" {} {}", ToString(preprocessing.channels),
                                            ToString(preprocessing.layout)));
}

}  // namespace

void AddPreprocessingOptions(CLI::App& command, PreprocessingOptions& options,
                             const std::string& pixel_prefix) {
  options.pixel_prefix = pixel_prefix;
  const std::string group =
      "Preprocessing (default: NETWORK.json beside the network, else ImageNet's)";
  command.add_option("--preprocessing", options.file, "Sidecar JSON to use (docs/formats.md)")
      ->group(group);
  command.add_option("--resize", options.resize, "Shorter side in pixels, or HEIGHTxWIDTH")
      ->group(group);
  command.add_option("--crop", options.crop, "Centre crop in pixels, or HEIGHTxWIDTH")
      ->group(group);
  command
      .add_option(pixel_prefix + "mean", options.mean,
                  "Subtracted after scaling: one number, or one per channel (R,G,B)")
      ->delimiter(',')
      ->group(group);
  command.add_option(pixel_prefix + "std", options.std, "Divides: one number, or one per channel")
      ->delimiter(',')
      ->group(group);
  command
      .add_option(pixel_prefix + "scale", options.scale,
                  "Multiplies pixel values 0..255 (default 1/255)")
      ->group(group);
  command
      .add_option("--channels", options.channels,
                  "RGB, BGR, GREY, RGBA or BGRA (default: from the number that the input has)")
      ->group(group);
  command.add_option("--layout", options.layout, "NCHW or NHWC (default: from the input's shape)")
      ->group(group);
  command
      .add_option("--constant", options.constants,
                  "Value of another input, for all photos: NAME=NUMBER or NAME=FILE.npy")
      ->allow_extra_args(false)
      ->group(group);
}

Preprocessing ResolvePreprocessing(const Network& network, const Path& network_path,
                                   const PreprocessingOptions& options, Terminal& terminal) {
  const std::optional<Path> sidecar = ChooseSidecar(network_path, options);
  const PhotoInput input = FindPhotoInput(network, HintsOf(network, sidecar, options));
  Preprocessing preprocessing = DefaultFor(input);
  std::string origin;
  if (sidecar) {
    preprocessing = ReadPreprocessing(*sidecar, preprocessing);
    origin = sidecar->filename().string();
  } else {
    origin = fmt::format("{}, since {}.json does not exist",
                         RangeOf(input.type) ? "the bytes as they are" : "ImageNet's default",
                         network_path.stem().string());
  }
  ApplyOptions(options, preprocessing);
  Validate(preprocessing);
  CheckPhotoShape(network, input, InputShape(preprocessing));
  CheckIntegers(network, input, preprocessing, options.pixel_prefix);
  terminal.Say(fmt::format("preprocessing: {} ({})", Summarize(preprocessing), origin));
  return preprocessing;
}

}  // namespace milan
