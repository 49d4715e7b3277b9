// Reads directions, and says of a file what is wrong with it.

#include <cmath>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/base/error.h"
#include "milan/base/npy.h"
#include "milan/base/safetensors.h"
#include "milan/network/directions.h"
#include "milan/network/graph.h"

namespace milan {
namespace {

bool IsSafetensors(const Path& path) { return path.extension() == ".safetensors"; }

Array ReadNpyArray(const Path& path) {
  const NpyArray array = ReadNpy(path);
  if (!array.type.starts_with('f')) {
    throw InputError(path.string() + ": has elements of type " + array.type +
                     "; directions are float16, float32 or float64");
  }
  return {array.shape, array.AsFloats()};
}

/// A tensor of a file; nothing where the file lacks it.
std::optional<Array> FindTensor(const SafetensorsFile& file, const std::string& name) {
  if (!file.Contains(name)) return std::nullopt;
  const TensorView& tensor = file.At(name);
  try {
    return Array{tensor.shape, tensor.AsFloats()};
  } catch (const Error&) {
    throw InputError(fmt::format("{}: tensor '{}' is {}; directions are F16, F32 or F64",
                                 file.path().string(), name, ToString(tensor.type)));
  }
}

Array ReadTensor(const Path& path, const std::string& name) {
  const SafetensorsFile file(path);
  if (auto tensor = FindTensor(file, name)) return *std::move(tensor);
  std::vector<std::string> names;
  for (const auto& [other, tensor] : file.tensors()) names.push_back(other);
  throw InputError(fmt::format("{}: has no tensor '{}' (its tensors: {})", path.string(), name,
                               fmt::join(names, ", ")));
}

Array ReadArray(const Path& path, const std::string& tensor) {
  return IsSafetensors(path) ? ReadTensor(path, tensor) : ReadNpyArray(path);
}

void RequireFinite(const Array& array, const Path& path) {
  for (size_t i = 0; i < array.values.size(); ++i) {
    if (std::isfinite(array.values[i])) continue;
    const auto last = static_cast<size_t>(array.shape.back());
    const std::string place = array.shape.size() == 2
                                  ? fmt::format("row {}, column {}", i / last, i % last)
                                  : fmt::format("place {}", i);
    throw InputError(
        fmt::format("{}: is {} at {} (counted from 0); directions are finite numbers "
                    "within float32's range",
                    path.string(), array.values[i], place));
  }
}

/// The weight as [directions, units].
Array ReadWeight(const Path& path, const Layer& layer) {
  Array weight = ReadArray(path, "weight");
  const Shape given = weight.shape;
  if (weight.shape.size() == 1) weight.shape.insert(weight.shape.begin(), 1);
  const bool fits =
      weight.shape.size() == 2 && weight.shape[0] > 0 && weight.shape[1] == layer.units;
  if (!fits) {
    const bool is_transposed = weight.shape.size() == 2 && weight.shape[0] == layer.units;
    throw InputError(
        fmt::format("{}: has shape {}, but layer {} has {} units: expected [directions, {}]{}",
                    path.string(), ToString(given), Quoted(layer.name), layer.units, layer.units,
                    is_transposed ? "; transpose it (numpy.ascontiguousarray(W.T))" : ""));
  }
  RequireFinite(weight, path);
  return weight;
}

/// A bias or center: from a file of its own, or beside the weight, or none.
std::vector<float> ReadVector(const Path& path, const Path& weight, const std::string& role,
                              int64_t size) {
  std::optional<Array> vector;
  Path origin = path;
  if (IsSafetensors(weight)) vector = FindTensor(SafetensorsFile(weight), role);
  if (vector && !path.empty()) {
    throw UsageError(fmt::format("{}: has a {} of its own, so that {} is one too many",
                                 weight.string(), role, path.string()));
  }
  if (vector) origin = weight;
  if (!path.empty()) vector = ReadArray(path, role);
  if (!vector) return {};
  // [1, n] and [n, 1] are how some libraries keep them.
  const bool fits = ElementCount(vector->shape) == size &&
                    std::count_if(vector->shape.begin(), vector->shape.end(),
                                  [](int64_t side) { return side != 1; }) <= 1;
  if (!fits || vector->shape.empty()) {
    throw InputError(
        fmt::format("{}: the {} has shape {}, expected [{}], {}", origin.string(), role,
                    ToString(vector->shape), size,
                    role == "bias" ? "a number per direction" : "a number per unit of the layer"));
  }
  vector->shape = {size};
  RequireFinite(*vector, origin);
  return std::move(vector->values);
}

}  // namespace

Directions ReadDirections(const DirectionFiles& files, const Layer& layer) {
  Directions directions;
  directions.name = files.name.empty() ? files.weight.stem().string() : files.name;
  directions.weight = ReadWeight(files.weight, layer);
  directions.bias = ReadVector(files.bias, files.weight, "bias", directions.weight.shape[0]);
  directions.center = ReadVector(files.center, files.weight, "center", layer.units);
  directions.relu = files.relu;
  return directions;
}

}  // namespace milan
