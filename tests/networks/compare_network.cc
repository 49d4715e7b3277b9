// Holds the layers that milan finds in NETWORK.onnx against what PyTorch's hooks saw, and prints a
// line of JSON for zoo.py. Exit code 1 when a module is missing or differs by more than 1e-4.

#include <algorithm>
#include <cstdio>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "tests/networks/compare_values.h"

int main(int argc, char** argv) try {
  using namespace milan;
  if (argc != 3) {
    std::fprintf(stderr, "usage: milan_compare_network NETWORK.onnx HOOKS.safetensors\n");
    return 2;
  }
  const Network network = Network::Load(argv[1]);
  const SafetensorsFile hooks{Path(argv[2])};
  const auto layers = LayersOf(network, hooks.At("input").shape);
  const ModuleComparison comparison = CompareModules(network, layers, hooks);
  const auto count = [&](const auto& holds) {
    return std::count_if(layers.begin(), layers.end(), holds);
  };
  const Json json = {
      {"values", layers.size()},
      {"describable", count([](const Layer& layer) { return layer.IsDescribable(); })},
      {"proposed", count([](const Layer& layer) { return layer.is_proposed; })},
      {"default", DefaultLayers(layers).size()},
      {"compared", comparison.compared},
      {"missing", comparison.missing},
      {"largest_difference", comparison.largest},
      {"worst", comparison.worst}};
  std::printf("%s\n", ToText(json).c_str());
  const bool is_good =
      comparison.missing.empty() && comparison.compared > 0 && comparison.largest <= 1e-4;
  return is_good ? 0 : 1;
} catch (const milan::Error& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
