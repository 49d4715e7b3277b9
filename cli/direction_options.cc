#include <filesystem>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "cli/steps.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"

namespace milan {
namespace {

constexpr const char* kNone = "-";

/// What an option says of the i-th set: its i-th value, its only one, or nothing.
std::string ValueFor(size_t i, const std::vector<std::string>& values, size_t sets,
                     const std::string& option) {
  if (values.empty()) return "";
  if (values.size() != 1 && values.size() != sets) {
    throw UsageError(fmt::format(
        "{} is given {} times for {} sets of directions; give it once for all, or once for each "
        "--directions in the same order",
        option, values.size(), sets));
  }
  return values.size() == 1 ? values.front() : values[i];
}

Path FileFor(size_t i, const std::vector<std::string>& values, size_t sets,
             const std::string& option) {
  const std::string value = ValueFor(i, values, sets, option);
  return value == kNone ? "" : value;
}

bool IsRelu(const std::string& activation) {
  if (activation.empty() || activation == "none") return false;
  if (activation == "relu") return true;
  throw UsageError("--directions-activation " + activation + ": expected none or relu");
}

/// The one layer of that name or pattern.
Layer LayerNamed(const std::string& name, const std::vector<Layer>& layers) {
  const std::vector<Layer> selected = SelectLayers(layers, {name});
  if (selected.size() == 1) return selected.front();
  throw UsageError(fmt::format(
      "--directions-layer {}: matches {} layers ({}, {}, ...); directions are in the space of one",
      name, selected.size(), selected[0].name, selected[1].name));
}

DirectionFiles FilesOf(size_t i, const DirectionOptions& options) {
  const size_t sets = options.files.size();
  DirectionFiles files;
  files.weight = options.files[i];
  files.bias = FileFor(i, options.biases, sets, "--directions-bias");
  files.center = FileFor(i, options.centers, sets, "--directions-center");
  files.name = ValueFor(i, options.names, sets, "--directions-name");
  files.relu = IsRelu(ValueFor(i, options.activations, sets, "--directions-activation"));
  return files;
}

RunFile FileOf(const Path& path) {
  return {std::filesystem::absolute(path).lexically_normal().string(), HashFile(path)};
}

std::optional<RunFile> OptionalFileOf(const Path& path) {
  if (path.empty()) return std::nullopt;
  return FileOf(path);
}

void RequireDirections(const DirectionOptions& options) {
  if (!options.files.empty()) {
    if (!options.layers.empty()) return;
    throw UsageError("--directions needs --directions-layer: the layer whose units they combine");
  }
  const bool has_others = !options.layers.empty() || !options.names.empty() ||
                          !options.biases.empty() || !options.centers.empty() ||
                          !options.activations.empty();
  if (has_others) throw UsageError("the --directions-... options need --directions W.npy");
}

}  // namespace

void AddDirectionOptions(CLI::App& command, DirectionOptions& options) {
  const std::string group =
      "Directions in a layer's space as units (each option once for all, or once per --directions)";
  // One value each time, so that NETWORK and PHOTOS may follow.
  const auto add = [&](const std::string& name, auto& values, const std::string& help) {
    command.add_option(name, values, help)->allow_extra_args(false)->group(group);
  };
  add("--directions", options.files,
      ".npy [directions, units], or .safetensors with weight, bias, center; without --layers only "
      "these are described");
  add("--directions-layer", options.layers, "The layer whose units they combine");
  add("--directions-bias", options.biases, ".npy [directions], added; - for none");
  add("--directions-center", options.centers, ".npy [units], subtracted first; - for none");
  add("--directions-activation", options.activations, "none (default) or relu");
  add("--directions-name", options.names,
      "Name: the layer they make is LAYER@NAME (default: the file's, without extension)");
}

DirectionPlan PlanDirections(const Network& network, const std::vector<Layer>& layers,
                             const DirectionOptions& options) {
  RequireDirections(options);
  const size_t sets = options.files.size();
  DirectionPlan plan{{network, {}}, {}};
  std::vector<LayerDirections> directions;
  for (size_t i = 0; i < sets; ++i) {
    const Layer layer = LayerNamed(ValueFor(i, options.layers, sets, "--directions-layer"), layers);
    const DirectionFiles files = FilesOf(i, options);
    directions.push_back({layer, ReadDirections(files, layer)});
    RunDirections& origin = plan.origins.emplace_back();
    origin.of = layer.name;
    origin.weight = FileOf(files.weight);
    origin.bias = OptionalFileOf(files.bias);
    origin.center = OptionalFileOf(files.center);
    origin.relu = files.relu;
  }
  if (sets == 0) return plan;
  plan.extended = AddDirections(network, directions);
  for (size_t i = 0; i < sets; ++i) plan.origins[i].layer = plan.extended.layers[i].name;
  return plan;
}

}  // namespace milan
