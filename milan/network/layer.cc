#include "milan/network/layer.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fnmatch.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/layout.h"
#include "milan/network/output_types.h"

namespace milan {
namespace {

/// The one image input, at a batch of one photo of height x width.
Shape ImageShape(const Network& network, int height, int width) {
  const std::vector<NetworkValue> inputs = network.Inputs();
  if (inputs.size() != 1) {
    throw InputError(fmt::format(
        "{}: has {} inputs; milan lists layers of networks with one image input [N, 3, height, "
        "width]",
        network.name(), inputs.size()));
  }
  const Shape& expected = inputs[0].shape;
  const Shape shape = {1, 3, height, width};
  const bool is_image =
      expected.empty() || (expected.size() == 4 && (expected[1] == 3 || expected[1] < 0));
  if (!is_image) {
    throw InputError(
        fmt::format("{}: input {} has shape {}, not that of an image [N, 3, height, "
                    "width] (-1 is an open size)",
                    network.name(), Quoted(inputs[0].name), ToString(expected)));
  }
  if (!expected.empty() && expected[0] > 1) {
    throw InputError(
        fmt::format("{}: input {} takes batches of {} only; export the network with "
                    "a batch dimension of 1 or an open one",
                    network.name(), Quoted(inputs[0].name), expected[0]));
  }
  return shape;
}

/// Computed values that depend on the photo; the others are weights in disguise.
std::vector<ComputedValue> PhotoDependentValues(const Network& network) {
  std::unordered_set<std::string> dependent;
  for (const NetworkValue& input : network.Inputs()) dependent.insert(input.name);
  std::vector<ComputedValue> values;
  for (ComputedValue& value : network.ComputedValues()) {
    // A size is the same for every photo.
    if (value.op_type == "Shape" || value.op_type == "Size") continue;
    const bool depends = std::any_of(value.inputs.begin(), value.inputs.end(),
                                     [&](const auto& name) { return dependent.contains(name); });
    if (!depends) continue;
    dependent.insert(value.name);
    values.push_back(std::move(value));
  }
  return values;
}

std::vector<ComputedValue> FloatingPointValues(const Network& network) {
  std::vector<ComputedValue> values = PhotoDependentValues(network);
  if (values.empty()) return values;
  std::vector<std::string> names;
  for (const ComputedValue& value : values) names.push_back(value.name);
  std::unordered_map<std::string, std::string> types;
  for (const NetworkValue& value : InferOutputTypes(network.Tap(names))) {
    types[value.name] = value.type;
  }
  std::erase_if(values, [&](const auto& value) { return !IsFloatingPoint(types[value.name]); });
  return values;
}

/// Shapes of `values` for a photo of `image` shape, found by running the network.
std::vector<Shape> ShapesOf(const std::vector<ComputedValue>& values, const Network& network,
                            const Shape& image) {
  std::vector<std::string> names;
  for (const ComputedValue& value : values) names.push_back(value.name);
  const Array zeros{image, std::vector<float>(static_cast<size_t>(ElementCount(image)), 0.0F)};
  const ArrayView input = zeros.View();
  std::vector<Shape> shapes;
  CreateEngine(network.Tap(names))->Run({&input, 1}, [&](std::span<const ArrayView> outputs) {
    for (const ArrayView& output : outputs) shapes.push_back(output.shape);
  });
  return shapes;
}

Layer LayerOf(const ComputedValue& value, const Shape& shape, bool is_image_like) {
  Layer layer{value.name, value.op_type, Layout::kOther, shape, 0, 0, 0};
  if (shape.empty() || shape[0] != 1 || ElementCount(shape) == 0) return layer;
  const bool is_column = shape.size() == 4 && shape[2] == 1 && shape[3] == 1;
  if (shape.size() == 2 || (is_image_like && is_column)) {
    layer.layout = Layout::kVector;
  } else if (is_image_like) {
    layer.layout = Layout::kMap;
  } else {
    return layer;
  }
  layer.units = shape[1];
  layer.height = shape.size() == 4 ? shape[2] : 1;
  layer.width = shape.size() == 4 ? shape[3] : 1;
  return layer;
}

bool Matches(const std::string& name, const std::string& pattern) {
  // Without flags a star matches slashes, which ONNX names are full of. A name with brackets is
  // first of all itself.
  return name == pattern || fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

Error NoSuchLayer(const std::vector<Layer>& layers, const std::string& pattern, bool matches_any) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) {
    if (layer.IsDescribable()) names.push_back(layer.name);
  }
  const std::string problem = matches_any ? "has no units that can be described (no channels of a "
                                            "map or vector)"
                                          : "matches no layer";
  if (names.empty()) {
    return UsageError(
        fmt::format("layer {} {}; the network has no describable layer", Quoted(pattern), problem));
  }
  return UsageError(fmt::format("layer {} {}; the nearest names are {}", Quoted(pattern), problem,
                                JoinNames(NearestNames(pattern, names, 3))));
}

}  // namespace

std::string ToString(Layout layout) {
  switch (layout) {
    case Layout::kMap:
      return "map";
    case Layout::kVector:
      return "vector";
    case Layout::kOther:
      break;
  }
  return "other";
}

std::vector<Layer> ListLayers(const Network& network, int height, int width) {
  const Shape image = ImageShape(network, height, width);
  const std::vector<ComputedValue> values = FloatingPointValues(network);
  if (values.empty()) return {};
  const std::vector<Shape> shapes = ShapesOf(values, network, image);
  const std::vector<bool> image_like = FindImageLike(values, shapes);
  std::vector<Layer> layers;
  for (size_t i = 0; i < values.size(); ++i) {
    layers.push_back(LayerOf(values[i], shapes[i], image_like[i]));
  }
  return layers;
}

std::vector<Layer> SelectLayers(const std::vector<Layer>& layers,
                                const std::vector<std::string>& patterns) {
  std::set<size_t> selected;
  for (const std::string& pattern : patterns) {
    bool matches_any = false;
    bool selects_any = false;
    for (size_t i = 0; i < layers.size(); ++i) {
      if (!Matches(layers[i].name, pattern)) continue;
      matches_any = true;
      if (!layers[i].IsDescribable()) continue;
      selects_any = true;
      selected.insert(i);
    }
    if (!selects_any) throw NoSuchLayer(layers, pattern, matches_any);
  }
  std::vector<Layer> result;
  for (const size_t index : selected) result.push_back(layers[index]);
  return result;
}

}  // namespace milan
