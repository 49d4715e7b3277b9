#include "milan/exemplar/latent_recipe.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/base/file.h"
#include "milan/base/json.h"

namespace milan {
namespace {

Json ToJson(const LatentInput& input) {
  Json json = {{"name", input.name}, {"shape", input.shape}};
  if (input.file.empty()) {
    json["distribution"] = ToString(input.distribution);
  } else {
    json["file"] = input.file;
    json["hash"] = input.hash;
  }
  return json;
}

LatentInput ParseInput(const Json& json, const std::string& name) {
  LatentInput input;
  input.name = Get<std::string>(json, "name", name);
  input.shape = Get<Shape>(json, "shape", name);
  if (json.contains("file")) {
    input.file = Get<std::string>(json, "file", name);
    input.hash = Get<std::string>(json, "hash", name);
  } else {
    input.distribution = ParseDistribution(Get<std::string>(json, "distribution", name));
  }
  return input;
}

Json ToJson(const PictureRule& rule) {
  return {{"output", rule.output},
          {"size", {rule.height, rule.width}},
          {"range", {rule.low, rule.high}},
          {"channels", ToString(rule.channels)},
          {"layout", ToString(rule.layout)}};
}

PictureRule ParseRule(const Json& json, const std::string& name) {
  const auto size = Get<std::vector<int>>(json, "size", name);
  const auto range = Get<std::vector<float>>(json, "range", name);
  if (size.size() != 2 || range.size() != 2) {
    throw InputError(name + ": 'size' and 'range' of a picture are two numbers each");
  }
  return {.output = Get<std::string>(json, "output", name),
          .height = size[0],
          .width = size[1],
          .low = range[0],
          .high = range[1],
          .channels = ParseChannels(Get<std::string>(json, "channels", name)),
          .layout = ParsePixelLayout(Get<std::string>(json, "layout", name))};
}

uint8_t ToByte(float value, const PictureRule& rule) {
  const float scaled = (value - rule.low) / (rule.high - rule.low) * 255.0F;
  if (!(scaled > 0)) return 0;  // NaN, too
  return static_cast<uint8_t>(std::lround(std::min(scaled, 255.0F)));
}

/// Which channel of the output is the red, green or blue one.
size_t PlaceOf(size_t colour, Channels channels) {
  if (channels == Channels::kGrey) return 0;
  return channels == Channels::kBgr ? 2 - colour : colour;
}

}  // namespace

void Validate(const PictureRule& rule) {
  if (!std::isfinite(rule.low) || !std::isfinite(rule.high) || !(rule.low < rule.high)) {
    throw UsageError(fmt::format("range {},{}: expected two numbers, the first one the smaller",
                                 rule.low, rule.high));
  }
  if (CountOf(rule.channels) == 4) {
    throw UsageError("channels " + ToString(rule.channels) +
                     ": a generated picture is RGB, BGR or GREY");
  }
}

PictureRule WithShape(PictureRule rule, const Shape& shape) {
  const auto is_channels = [](int64_t size) { return size == 1 || size == 3; };
  const bool may_be_nchw = shape.size() == 4 && shape[0] == 1 && is_channels(shape[1]);
  const bool may_be_nhwc = shape.size() == 4 && shape[0] == 1 && is_channels(shape[3]);
  if (!may_be_nchw && !may_be_nhwc) {
    throw InputError(
        fmt::format("output '{}' has shape {}, not that of a picture [1, 3, height, "
                    "width] or [1, height, width, 3] (1 channel: grey)",
                    rule.output, ToString(shape)));
  }
  if (may_be_nchw != may_be_nhwc) {
    rule.layout = may_be_nhwc ? PixelLayout::kNhwc : PixelLayout::kNchw;
  }
  const bool is_nhwc = rule.layout == PixelLayout::kNhwc;
  const int64_t channels = is_nhwc ? shape[3] : shape[1];
  rule.height = static_cast<int>(is_nhwc ? shape[1] : shape[2]);
  rule.width = static_cast<int>(is_nhwc ? shape[2] : shape[3]);
  if (channels == 1) rule.channels = Channels::kGrey;
  if (channels == 3 && rule.channels == Channels::kGrey) rule.channels = Channels::kRgb;
  return rule;
}

Image PictureOf(const PictureRule& rule, const ArrayView& output) {
  const auto pixels = static_cast<size_t>(rule.height) * static_cast<size_t>(rule.width);
  const auto channels = static_cast<size_t>(CountOf(rule.channels));
  MILAN_CHECK(output.values.size() == pixels * channels, "an output of another size");
  const bool is_nhwc = rule.layout == PixelLayout::kNhwc;
  Image image{rule.width, rule.height, std::vector<uint8_t>(pixels * 3)};
  for (size_t colour = 0; colour < 3; ++colour) {
    const size_t place = PlaceOf(colour, rule.channels);
    for (size_t i = 0; i < pixels; ++i) {
      const float value = output.values[is_nhwc ? i * channels + place : place * pixels + i];
      image.pixels[3 * i + colour] = ToByte(value, rule);
    }
  }
  return image;
}

std::string ToJsonText(const LatentRecipe& recipe) {
  Json inputs = Json::array();
  for (const LatentInput& input : recipe.inputs) inputs.push_back(ToJson(input));
  return ToText({{"count", recipe.count},
                 {"seed", recipe.seed},
                 {"inputs", inputs},
                 {"picture", ToJson(recipe.picture)}});
}

LatentRecipe ParseLatentRecipe(const std::string& json_text, const std::string& name) try {
  const Json json = ParseJson(json_text, name);
  LatentRecipe recipe;
  recipe.count = Get<int64_t>(json, "count", name);
  recipe.seed = Get<uint64_t>(json, "seed", name);
  for (const Json& input : Get<Json>(json, "inputs", name)) {
    recipe.inputs.push_back(ParseInput(input, name));
  }
  recipe.picture = ParseRule(Get<Json>(json, "picture", name), name);
  return recipe;
} catch (const Error& error) {
  if (error.kind() == ErrorKind::kUsage) throw InputError(name + ": " + error.what());
  throw;
}

std::string Summarize(const LatentRecipe& recipe) {
  std::string files;
  bool is_drawn = false;
  for (const LatentInput& input : recipe.inputs) {
    is_drawn = is_drawn || input.file.empty();
    if (input.file.empty()) continue;
    files += (files.empty() ? "" : ", ") + Path(input.file).filename().string();
  }
  const std::string count = fmt::format("{} latents", recipe.count);
  if (files.empty()) return fmt::format("{} (seed {})", count, recipe.seed);
  return is_drawn ? fmt::format("{} ({}, seed {})", count, files, recipe.seed)
                  : fmt::format("{} ({})", count, files);
}

}  // namespace milan
