// Generators: where their latents come from and what their picture is.

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <limits>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/network_step.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/network/photo_input.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kDefaultCount = 10000;

/// What the sidecar says of a generator; empty members where it says nothing.
struct Sidecar {
  std::string name = "sidecar";
  std::vector<Json> inputs;  ///< "input", or the elements of "inputs".
  Json output = Json::object();
};

Sidecar ReadGenerator(const std::optional<Path>& path) {
  Sidecar sidecar;
  if (!path) return sidecar;
  sidecar.name = path->string();
  const Json json = ReadJson(*path);
  for (const Json& input : GetOr<Json>(json, "inputs", Json::array(), sidecar.name)) {
    sidecar.inputs.push_back(input);
  }
  if (json.contains("input")) sidecar.inputs.push_back(json.at("input"));
  sidecar.output = GetOr<Json>(json, "output", Json::object(), sidecar.name);
  return sidecar;
}

/// What it says of one input: by its name, or of the only one without.
Json MemberOf(const Sidecar& sidecar, const std::string& input) {
  for (const Json& member : sidecar.inputs) {
    if (GetOr<std::string>(member, "name", "", sidecar.name) == input) return member;
  }
  const bool is_only = sidecar.inputs.size() == 1 && !sidecar.inputs[0].contains("name");
  return is_only ? sidecar.inputs[0] : Json::object();
}

/// "NAME=VALUE" for one input, or "VALUE" for all that have none of their own.
std::optional<std::string> ValueFor(const std::vector<std::string>& options,
                                    const std::string& input) {
  std::optional<std::string> value;
  for (const std::string& option : options) {
    if (option.starts_with(input + "=")) return option.substr(input.size() + 1);
    if (option.find('=') == std::string::npos) value = option;
  }
  return value;
}

void CheckNames(const std::vector<std::string>& options, const std::vector<NetworkValue>& inputs,
                const std::string& flag) {
  std::vector<std::string> names;
  for (const NetworkValue& input : inputs) names.push_back(input.name);
  for (const std::string& option : options) {
    const bool is_known = option.find('=') == std::string::npos ||
                          std::any_of(names.begin(), names.end(), [&](const std::string& name) {
                            return option.starts_with(name + "=");
                          });
    if (is_known) continue;
    throw UsageError(fmt::format("{} {}: the network has no such input; its inputs are {}", flag,
                                 option, fmt::join(names, ", ")));
  }
}

std::optional<int64_t> ParseCount(const std::string& text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (count < 1 || count > std::numeric_limits<int32_t>::max()) {
    throw UsageError("--latents " + text + ": expected at least 1 and at most 2147483647");
  }
  return count;
}

/// A file without a name is for the only input.
void CheckFiles(const std::vector<std::string>& options, const std::vector<NetworkValue>& inputs) {
  for (const std::string& option : options) {
    if (inputs.size() < 2 || option.find('=') != std::string::npos || ParseCount(option)) continue;
    throw UsageError(
        fmt::format("--latents {}: the network has {} inputs; say whose latents these "
                    "are: --latents {}={}",
                    option, inputs.size(), inputs[0].name, option));
  }
}

/// Sizes of an input for one picture.
Shape ShapeOfOne(const NetworkValue& input, const Json& member, const std::string& sidecar) {
  Shape shape = input.shape;
  const Json stated = GetOr<Json>(member, "shape", Json::array(), sidecar);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i == 0 && shape.size() >= 1) shape[i] = 1;
    const bool is_stated = stated.size() == shape.size() && stated[i].is_number_integer();
    if (shape[i] < 0 && is_stated) shape[i] = stated[i].get<int64_t>();
    if (shape[i] > 0) continue;
    throw InputError(
        fmt::format("input '{}' has shape {} with open sizes (-1); say them in the "
                    "sidecar's member \"shape\" of this input",
                    input.name, ToString(input.shape)));
  }
  return shape;
}

Distribution DistributionFor(const NetworkValue& input, const Json& member, const Sidecar& sidecar,
                             const GeneratorOptions& options) {
  if (const auto given = ValueFor(options.distributions, input.name)) {
    return ParseDistribution(*given);
  }
  if (member.contains("distribution")) {
    try {
      return ParseDistribution(Get<std::string>(member, "distribution", sidecar.name));
    } catch (const Error& error) {
      throw InputError(sidecar.name + ": input '" + input.name + "': " + error.what());
    }
  }
  if (RangeOf(input.type)) {
    throw UsageError(fmt::format(
        "input '{}' is {}: say how many classes it numbers with --distribution '{}=class(COUNT)', "
        "or give its values with --latents {}=FILE.npy",
        input.name, input.type, input.name, input.name));
  }
  return {};
}

LatentInput ResolveInput(const NetworkValue& input, const Sidecar& sidecar,
                         const GeneratorOptions& options) {
  const Json member = MemberOf(sidecar, input.name);
  LatentInput latent{input.name, ShapeOfOne(input, member, sidecar.name), {}, "", ""};
  const auto given = ValueFor(options.latents, input.name);
  if (given && !ParseCount(*given)) {
    latent.file = fs::absolute(*given).lexically_normal().string();
    latent.hash = HashFile(*given);
  } else {
    latent.distribution = DistributionFor(input, member, sidecar, options);
  }
  return latent;
}

/// A number that is asked for, or as many as all files have.
int64_t CountOf(const std::vector<LatentInput>& inputs, const GeneratorOptions& options) {
  for (const std::string& option : options.latents) {
    if (const auto count = ParseCount(option)) return *count;
  }
  std::optional<int64_t> count;
  for (const LatentInput& input : inputs) {
    if (input.file.empty()) continue;
    const int64_t rows = CountLatents(input.file);
    if (count && *count != rows) {
      throw UsageError(
          fmt::format("{}: has {} latents, unlike the others with {}", input.file, rows, *count));
    }
    count = rows;
  }
  return count.value_or(kDefaultCount);
}

std::string PictureName(const Network& network, const Sidecar& sidecar,
                        const GeneratorOptions& options) {
  if (!options.picture.empty()) return options.picture;
  const auto stated = GetOr<std::string>(sidecar.output, "name", "", sidecar.name);
  if (!stated.empty()) return stated;
  const std::vector<NetworkValue> outputs = network.Outputs();
  if (outputs.size() == 1) return outputs[0].name;
  std::vector<std::string> names;
  for (const NetworkValue& output : outputs) names.push_back(output.name);
  throw UsageError(
      fmt::format("{}: has {} outputs ({}); say which one is the picture with "
                  "--picture NAME",
                  network.name(), outputs.size(), fmt::join(names, ", ")));
}

PictureRule StatedRule(const Network& network, const Sidecar& sidecar,
                       const GeneratorOptions& options) {
  PictureRule rule;
  rule.output = PictureName(network, sidecar, options);
  std::vector<float> range = options.range;
  if (range.empty()) {
    range = GetOr<std::vector<float>>(sidecar.output, "range", {-1, 1}, sidecar.name);
  }
  if (range.size() != 2) throw UsageError("--range: expected two numbers, LOW,HIGH");
  rule.low = range[0];
  rule.high = range[1];
  try {
    rule.layout =
        ParsePixelLayout(GetOr<std::string>(sidecar.output, "layout", "NCHW", sidecar.name));
    rule.channels =
        ParseChannels(GetOr<std::string>(sidecar.output, "channel_order", "RGB", sidecar.name));
  } catch (const Error& error) {
    throw InputError(sidecar.name + ": output: " + error.what());
  }
  return rule;
}

PictureRule ResolvePicture(const Network& network, const std::vector<Layer>& layers,
                           PictureRule rule) {
  const auto found = std::find_if(layers.begin(), layers.end(),
                                  [&](const Layer& layer) { return layer.name == rule.output; });
  if (found == layers.end()) {
    std::vector<std::string> names;
    for (const Layer& layer : layers) names.push_back(layer.name);
    throw UsageError(fmt::format("{}: computes no picture '{}'; the nearest names are {}",
                                 network.name(), rule.output,
                                 fmt::join(NearestNames(rule.output, names, 3), ", ")));
  }
  try {
    return WithShape(std::move(rule), found->shape);
  } catch (const Error& error) {
    throw Error(error.kind(), network.name() + ": " + error.what());
  }
}

}  // namespace

void AddGeneratorOptions(CLI::App& command, GeneratorOptions& options) {
  const std::string group = "Generators (networks that make pictures, in the place of PHOTOS)";
  command
      .add_option("--latents", options.latents,
                  "How many pictures to make, or a .npy file with a latent per row; NAME=FILE.npy "
                  "for one of several inputs")
      ->allow_extra_args(false)
      ->group(group);
  command.add_option("--seed", options.seed, "Decides the latents that are drawn")
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--distribution", options.distributions,
                  "normal, normal(MEAN,STD), uniform(LOW,HIGH), truncated(LIMIT), one-hot, "
                  "class(COUNT); NAME=... for one of several inputs (default: as the sidecar says, "
                  "else normal)")
      ->allow_extra_args(false)
      ->group(group);
  command
      .add_option("--picture", options.picture, "The value that is the picture (default: output)")
      ->group(group);
  command
      .add_option("--range", options.range,
                  "Values of black and white in the picture: LOW,HIGH (default: as the sidecar "
                  "says, else -1,1)")
      ->delimiter(',')
      ->group(group);
}

bool IsGenerator(const Network& network, const std::optional<Path>& sidecar,
                 const GeneratorOptions& options) {
  if (!options.latents.empty()) return true;
  const Sidecar stated = ReadGenerator(sidecar);
  const auto is_latent = [&](const Json& input) {
    return GetOr<std::string>(input, "kind", "", stated.name) == "latent";
  };
  if (std::any_of(stated.inputs.begin(), stated.inputs.end(), is_latent)) return true;
  if (sidecar || options.has_photos) return false;
  const std::vector<NetworkValue> inputs = network.Inputs();
  const std::vector<NetworkValue> outputs = network.Outputs();
  const auto is_picture = [](const NetworkValue& output) {
    return output.shape.size() == 4 && MayBePhoto(output);
  };
  return !inputs.empty() && std::none_of(inputs.begin(), inputs.end(), MayBePhoto) &&
         std::any_of(outputs.begin(), outputs.end(), is_picture);
}

std::shared_ptr<const LatentSet> ResolveLatents(const Network& network,
                                                const std::optional<Path>& sidecar,
                                                const GeneratorOptions& options,
                                                std::vector<Layer>& layers) {
  const Sidecar stated = ReadGenerator(sidecar);
  const std::vector<NetworkValue> inputs = network.Inputs();
  CheckNames(options.latents, inputs, "--latents");
  CheckNames(options.distributions, inputs, "--distribution");
  CheckFiles(options.latents, inputs);
  LatentRecipe recipe;
  recipe.seed = options.seed;
  std::vector<Shape> shapes;
  for (const NetworkValue& input : inputs) {
    try {
      recipe.inputs.push_back(ResolveInput(input, stated, options));
    } catch (const Error& error) {
      throw Error(error.kind(), network.name() + ": " + error.what());
    }
    shapes.push_back(recipe.inputs.back().shape);
  }
  recipe.count = CountOf(recipe.inputs, options);
  const PictureRule rule = StatedRule(network, stated, options);
  Validate(rule);
  layers = ListLayers(network, shapes);
  recipe.picture = ResolvePicture(network, layers, rule);
  return std::make_shared<const LatentSet>(std::move(recipe));
}

}  // namespace milan
