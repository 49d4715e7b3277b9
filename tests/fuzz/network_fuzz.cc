// Reads bytes as an ONNX network, lists it, operates on it and selects among its values, as far as
// that goes before ONNX Runtime, which is not milan's to test.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <onnx/onnx_pb.h>

#include "milan/network/layer.h"
#include "milan/network/layout.h"
#include "milan/network/limits.h"
#include "milan/network/network.h"
#include "milan/network/parse.h"
#include "tests/fuzz/must_hold.h"

namespace milan {
namespace {

/// Shapes are ONNX Runtime's answer; here they are any, the same for the same name.
Shape AnyShape(const std::string& name) {
  size_t bits = std::hash<std::string>()(name);
  Shape shape;
  for (size_t rank = bits % 6; rank > 0; --rank) {
    bits /= 7;
    shape.push_back(static_cast<int64_t>(shape.empty() ? bits % 8 == 0 ? 2 : 1 : bits % 5));
  }
  return shape;
}

void SelectAmong(const std::vector<ComputedValue>& values) {
  std::vector<Shape> shapes;
  for (const ComputedValue& value : values) shapes.push_back(AnyShape(value.name));
  const std::vector<bool> image_like = FindImageLike(values, shapes);
  std::vector<Layer> layers;
  for (size_t i = 0; i < values.size(); ++i) {
    Layer layer{values[i].name, values[i].op_type, Layout::kOther, shapes[i], 0, 0, 0};
    if (image_like[i] && shapes[i].size() == 4) {
      layer.layout = Layout::kMap;
      layer.units = shapes[i][1];
      layer.height = shapes[i][2];
      layer.width = shapes[i][3];
    }
    layers.push_back(layer);
  }
  DefaultLayers(layers);
  const std::string& name = values[values.size() / 2].name;
  MayThrow([&] { SelectLayers(layers, {name}); });
  MayThrow([&] { SelectLayers(layers, {name.substr(0, 3) + "*"}); });
  MayThrow([&] { SelectLayers(layers, {"*", "conv?"}); });
}

/// Whatever can be listed can be tapped, and what comes of it is a network again.
void Tap(const Network& network, const std::vector<std::string>& names) {
  const Network tapped = network.Tap(names);
  const auto outputs = tapped.Outputs();
  MustHold(outputs.size() == names.size(), "each tap is an output");
  for (size_t i = 0; i < names.size(); ++i) {
    MustHold(outputs[i].name == names[i], "outputs have the order of the taps");
  }
  const Network again(ParseModel(tapped.Serialize(), "net.onnx"), "net.onnx");
  MustHold(again.ComputedValues().size() == tapped.ComputedValues().size(),
           "a network survives its file");
}

void Operate(const Network& network) {
  network.Inputs();
  network.Outputs();
  const std::vector<ComputedValue> values = network.ComputedValues();
  if (values.empty()) return;
  std::vector<std::string> names;
  for (const ComputedValue& value : values) names.push_back(value.name);
  Tap(network, {names.front()});
  Tap(network, {names[names.size() / 2]});
  Tap(network, names);
  MayThrow([&] { network.Tap({names.front() + "?"}); });
  MayThrow([&] { Tap(network.WithOpenInputSize(), {names.back()}); });
  SelectAmong(values);
}

}  // namespace
}  // namespace milan

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace milan;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  MayThrow([&] {
    const Network network(ParseModel(bytes, "net.onnx"), "net.onnx");
    MayThrow([&] { CheckExternalFiles(network.model(), "nowhere/net.onnx", "net.onnx"); });
    MayThrow([&] { RefuseExternalFiles(network.model(), "net.onnx"); });
    Operate(network);
  });
  return 0;
}
