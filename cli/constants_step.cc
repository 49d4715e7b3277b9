// Inputs of a network that are no photo's: --constant and the sidecar's "constants".

#include <algorithm>
#include <charconv>
#include <filesystem>

#include <fmt/core.h>

#include "cli/network_step.h"
#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/base/npy.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

struct Constant {
  InputConstant value;
  std::string origin;
};

Constant FromFile(const std::string& input, const Path& file) {
  const NpyArray array = ReadNpy(file);
  Constant constant{
      {input, array.shape, {}},
      fmt::format("{} ({})", fs::absolute(file).lexically_normal().string(), HashFile(file))};
  if (array.type.starts_with('f')) {
    const std::vector<float> values = array.AsFloats();
    constant.value.values.assign(values.begin(), values.end());
  } else {
    const std::vector<int64_t> values = array.AsIntegers();
    constant.value.values.assign(values.begin(), values.end());
  }
  return constant;
}

Constant FromOption(const std::string& option) {
  // The last one: names may have equals signs, numbers and most files have none.
  const size_t equals = option.rfind('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == option.size()) {
    throw UsageError("--constant " + option + ": expected NAME=NUMBER or NAME=FILE.npy");
  }
  const std::string name = option.substr(0, equals);
  const std::string text = option.substr(equals + 1);
  if (text.ends_with(".npy")) return FromFile(name, text);
  double number = text == "true" ? 1 : 0;
  if (text != "true" && text != "false") {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) {
      throw UsageError("--constant " + option + ": '" + text +
                       "' is neither a number nor a .npy file");
    }
  }
  return {{name, {}, {number}}, text};
}

/// As deep as the first elements are nested.
Shape ShapeOf(const Json& json) {
  Shape shape;
  for (const Json* part = &json; part->is_array() && !part->empty(); part = &part->front()) {
    shape.push_back(static_cast<int64_t>(part->size()));
  }
  return shape;
}

/// Appends the numbers of `json`, which are nested as deep as the shape has sizes.
void Flatten(const Json& json, size_t depth, const std::string& name, InputConstant& constant) {
  const bool is_leaf = depth == constant.shape.size();
  if (is_leaf && (json.is_number() || json.is_boolean())) {
    constant.values.push_back(json.is_boolean() ? (json.get<bool>() ? 1 : 0) : json.get<double>());
    return;
  }
  if (is_leaf || !json.is_array()) {
    throw InputError(name + ": expected a number, numbers in brackets or a .npy file");
  }
  if (constant.shape[depth] != static_cast<int64_t>(json.size())) {
    throw InputError(name + ": its rows have different lengths");
  }
  for (const Json& element : json) Flatten(element, depth + 1, name, constant);
}

Constant FromSidecar(const Path& sidecar, const std::string& input, const Json& json) {
  if (json.is_string()) {
    return FromFile(input, sidecar.parent_path() / json.get<std::string>());
  }
  Constant constant{{input, ShapeOf(json), {}}, ToText(json)};
  Flatten(json, 0, sidecar.string() + ": constants: member '" + input + "'", constant.value);
  if (constant.origin.size() > 60) constant.origin = "hash " + HashText(constant.origin);
  return constant;
}

}  // namespace

ConstantInputs ReadConstants(const std::vector<std::string>& options,
                             const std::optional<Path>& sidecar) {
  std::vector<Constant> constants;
  for (const std::string& option : options) constants.push_back(FromOption(option));
  const Json json = sidecar ? ReadJson(*sidecar) : Json::object();
  const Json members =
      GetOr<Json>(json, "constants", Json::object(), sidecar.value_or("").string());
  if (!members.is_object()) {
    throw InputError(sidecar->string() + ": member 'constants' is not an object {NAME: VALUE}");
  }
  for (const auto& [input, value] : members.items()) {
    const bool is_given = std::any_of(constants.begin(), constants.end(), [&](const auto& given) {
      return given.value.input == input;
    });
    if (!is_given) constants.push_back(FromSidecar(*sidecar, input, value));
  }
  ConstantInputs result;
  for (Constant& constant : constants) {
    result.origins[constant.value.input] = constant.origin;
    result.values.push_back(std::move(constant.value));
  }
  return result;
}

}  // namespace milan
