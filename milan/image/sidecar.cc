#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <system_error>

#include "milan/base/json.h"
#include "milan/base/printable.h"
#include "milan/image/preprocess.h"
#include "milan/image/preprocess_problem.h"

namespace milan {
namespace {

/// Known members with a value that milan does not support are errors: ignoring them would describe
/// the units on wrong pictures.
void RequireText(const Json& json, const std::string& key, const std::string& supported,
                 const std::string& name) {
  const auto value = GetOr<std::string>(json, key, supported, name);
  if (value != supported)
    throw InputError(name + ": member '" + key + "' is '" + Printable(value) + "'; only '" +
                     supported + "' is supported");
}

/// JSON does not tell 256 from 256.0, but 256.5 is no number of pixels.
int ToPixels(double value, const std::string& key, const std::string& name) {
  if (value != std::floor(value) || std::abs(value) > 1e9)
    throw InputError(name + ": member '" + key + "' must be a whole number of pixels");
  return static_cast<int>(value);
}

std::array<int, 2> GetSides(const Json& json, const std::string& key, const std::string& name) {
  const auto sides = Get<std::vector<double>>(json, key, name);
  if (sides.size() != 2) throw InputError(name + ": member '" + key + "' must be [height, width]");
  return {ToPixels(sides[0], key, name), ToPixels(sides[1], key, name)};
}

/// One number, or several in brackets.
std::vector<float> GetNumbers(const Json& json, const std::string& key, const std::string& name) {
  const Json value = Get<Json>(json, key, name);
  if (value.is_number()) return {Get<float>(json, key, name)};
  return Get<std::vector<float>>(json, key, name);
}

/// The member as `parse` understands it, or the default.
template <typename T, typename Parse>
T GetNamed(const Json& json, const std::string& key, T fallback, const Parse& parse,
           const std::string& name) {
  try {
    return parse(GetOr<std::string>(json, key, ToString(fallback), name));
  } catch (const Error& error) {
    throw InputError(name + ": member '" + key + "': " + error.what());
  }
}

void ReadResize(const Json& resize, const std::string& name, Preprocessing& preprocessing) {
  RequireText(resize, "filter", "bilinear", name);
  if (!GetOr(resize, "antialias", true, name))
    throw InputError(name + ": member 'antialias' is false; only true is supported");
  if (resize.contains("shorter_side") == resize.contains("size"))
    throw InputError(name + ": needs either 'shorter_side' or 'size'");
  if (resize.contains("size")) {
    preprocessing.shorter_side = 0;
    preprocessing.size = GetSides(resize, "size", name);
  } else {
    preprocessing.shorter_side =
        ToPixels(Get<double>(resize, "shorter_side", name), "shorter_side", name);
  }
}

Preprocessing FromJson(const Json& input, const std::string& name,
                       const Preprocessing& defaults = {}) {
  const auto kind = GetOr<std::string>(input, "kind", "image", name);
  if (kind != "image")
    throw InputError(
        name + ": the network's input is of kind '" + Printable(kind) +
        "', not 'image': it does not see photos and cannot be described on them" +
        (kind == "latent" ? "; --latents describes it on pictures that it makes" : ""));
  Preprocessing preprocessing;
  preprocessing.layout = GetNamed(input, "layout", defaults.layout, ParsePixelLayout, name);
  preprocessing.channels = GetNamed(input, "channels", defaults.channels, ParseChannels, name);
  ReadResize(Get<Json>(input, "resize", name), name + ".resize", preprocessing);
  const bool has_crop = input.contains("crop") && !input.at("crop").is_null();
  preprocessing.crop = has_crop ? GetSides(input, "crop", name) : std::array{0, 0};
  preprocessing.scale = Get<float>(input, "scale", name);
  preprocessing.mean = GetNumbers(input, "mean", name);
  preprocessing.std = GetNumbers(input, "std", name);
  if (const auto problem = PreprocessingProblem(preprocessing))
    throw InputError(name + ": " + *problem);
  return preprocessing;
}

/// The shortest decimal that reads back as the same float: 0.485, not 0.48500001430511475.
double Readable(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  double result = 0;
  std::from_chars(text.data(), end, result);
  return result;
}

Json Readable(const std::vector<float>& values) {
  Json numbers = Json::array();
  for (const float value : values) numbers.push_back(Readable(value));
  return numbers;
}

}  // namespace

Preprocessing ReadPreprocessing(const Path& sidecar, const Preprocessing& defaults) {
  constexpr uintmax_t kLargestSidecar = uintmax_t{16} << 20;
  std::error_code error;
  if (const auto size = std::filesystem::file_size(sidecar, error);
      !error && size > kLargestSidecar)
    throw InputError(sidecar.string() + ": has " + std::to_string(size) +
                     " bytes; a sidecar has 16 MiB at most");
  const Json json = ReadJson(sidecar);
  const std::string name = sidecar.string();
  return FromJson(Get<Json>(json, "input", name), name + ": input", defaults);
}

Preprocessing ParsePreprocessing(const std::string& json_text, const std::string& name) {
  return FromJson(ParseJson(json_text, name), name);
}

std::string ToJsonText(const Preprocessing& preprocessing) {
  Json resize;
  if (preprocessing.shorter_side > 0) {
    resize["shorter_side"] = preprocessing.shorter_side;
  } else {
    resize["size"] = preprocessing.size;
  }
  resize["filter"] = "bilinear";
  resize["antialias"] = true;
  Json input;
  input["kind"] = "image";
  input["layout"] = ToString(preprocessing.layout);
  input["channels"] = ToString(preprocessing.channels);
  input["resize"] = resize;
  input["crop"] = preprocessing.crop[0] > 0 ? Json(preprocessing.crop) : Json(nullptr);
  input["scale"] = Readable(preprocessing.scale);
  input["mean"] = Readable(preprocessing.mean);
  input["std"] = Readable(preprocessing.std);
  return ToText(input);
}

std::optional<Path> FindSidecar(const Path& network) {
  Path sidecar = network;
  sidecar.replace_extension(".json");
  std::error_code ignored;
  if (sidecar == network || !std::filesystem::is_regular_file(sidecar, ignored))
    return std::nullopt;
  return sidecar;
}

}  // namespace milan
