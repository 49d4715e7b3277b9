#include <charconv>
#include <cmath>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/steps.h"
#include "milan/base/error.h"

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

std::array<float, 3> ThreeValues(const std::vector<float>& values, const std::string& option) {
  if (values.size() != 3) throw UsageError(option + ": expected three numbers, for R, G and B");
  return {values[0], values[1], values[2]};
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
  if (!options.mean.empty()) preprocessing.mean = ThreeValues(options.mean, "--mean");
  if (!options.std.empty()) preprocessing.std = ThreeValues(options.std, "--std");
  if (options.scale != 0) preprocessing.scale = options.scale;
}

/// ImageNet's usual preprocessing, with its 256/224 proportions carried over to the input size that
/// the network's file fixes (if it does).
Preprocessing DefaultFor(const Network& network) {
  Preprocessing preprocessing;
  const auto inputs = network.Inputs();
  if (inputs.size() != 1 || inputs[0].shape.size() != 4) return preprocessing;
  const int64_t height = inputs[0].shape[2];
  const int64_t width = inputs[0].shape[3];
  if (height < 1 || width < 1 || height > 16384 || width > 16384) return preprocessing;
  preprocessing.crop = {static_cast<int>(height), static_cast<int>(width)};
  const auto longer = static_cast<double>(std::max(height, width));
  preprocessing.shorter_side = static_cast<int>(std::lround(longer * 256 / 224));
  return preprocessing;
}

std::string Summarize(const Preprocessing& preprocessing) {
  const std::string resize =
      preprocessing.shorter_side > 0
          ? fmt::format("shorter side {}", preprocessing.shorter_side)
          : fmt::format("resize {}x{}", preprocessing.size[0], preprocessing.size[1]);
  return fmt::format("{}, input {}x{}", resize, preprocessing.Height(), preprocessing.Width());
}

}  // namespace

void AddPreprocessingOptions(CLI::App& command, PreprocessingOptions& options) {
  const std::string group =
      "Preprocessing (default: NETWORK.json beside the network, else ImageNet's)";
  command.add_option("--preprocessing", options.file, "Sidecar JSON to use (docs/formats.md)")
      ->group(group);
  command.add_option("--resize", options.resize, "Shorter side in pixels, or HEIGHTxWIDTH")
      ->group(group);
  command.add_option("--crop", options.crop, "Centre crop in pixels, or HEIGHTxWIDTH")
      ->group(group);
  command.add_option("--mean", options.mean, "Subtracted per channel, after scaling: R,G,B")
      ->delimiter(',')
      ->group(group);
  command.add_option("--std", options.std, "Divides each channel: R,G,B")
      ->delimiter(',')
      ->group(group);
  command.add_option("--scale", options.scale, "Multiplies pixel values 0..255 (default 1/255)")
      ->group(group);
}

Preprocessing ResolvePreprocessing(const Network& network, const Path& network_path,
                                   const PreprocessingOptions& options, Terminal& terminal) {
  Preprocessing preprocessing;
  std::string origin;
  const std::optional<Path> sidecar =
      options.file.empty() ? FindSidecar(network_path) : std::optional<Path>(options.file);
  if (sidecar) {
    preprocessing = ReadPreprocessing(*sidecar);
    origin = sidecar->filename().string();
  } else {
    preprocessing = DefaultFor(network);
    origin = "ImageNet's default, since " + network_path.stem().string() + ".json does not exist";
  }
  ApplyOptions(options, preprocessing);
  Validate(preprocessing);
  terminal.Say(fmt::format("preprocessing: {} ({})", Summarize(preprocessing), origin));
  return preprocessing;
}

}  // namespace milan
