#include "milan/network/layer.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/network/batch_of_one.h"
#include "milan/network/graph.h"
#include "milan/network/layout.h"
#include "milan/network/output_types.h"
#include "milan/network/photo_input.h"

namespace milan {
namespace {

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

/// Shapes of `values` for inputs of these shapes, found by running the network.
std::vector<Shape> ShapesOf(const std::vector<ComputedValue>& values, const Network& network,
                            const std::vector<Shape>& inputs, const EngineOptions& options) {
  std::vector<std::string> names;
  for (const ComputedValue& value : values) names.push_back(value.name);
  std::vector<Array> zeros;
  for (const Shape& shape : inputs) {
    zeros.push_back({shape, std::vector<float>(static_cast<size_t>(ElementCount(shape)), 0.0F)});
  }
  std::vector<ArrayView> views;
  for (const Array& array : zeros) views.push_back(array.View());
  std::vector<Shape> shapes;
  const auto engine = CreateEngineForOne(network.Tap(names), options);
  engine->Run(views, [&](std::span<const ArrayView> outputs) {
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

}  // namespace

std::vector<Layer> ListLayers(const Network& network, int height, int width,
                              const EngineOptions& options) {
  return ListLayers(network, std::vector<Shape>{FindPhotoInput(network).ShapeOf(height, width)},
                    options);
}

std::vector<Layer> ListLayers(const Network& network, const std::vector<Shape>& inputs,
                              const EngineOptions& options) {
  const std::vector<ComputedValue> values = FloatingPointValues(network);
  if (values.empty()) return {};
  const std::vector<Shape> shapes = ShapesOf(values, network, inputs, options);
  const std::vector<bool> image_like = FindImageLike(values, shapes);
  std::vector<Layer> layers;
  for (size_t i = 0; i < values.size(); ++i) {
    layers.push_back(LayerOf(values[i], shapes[i], image_like[i]));
  }
  return layers;
}

}  // namespace milan
