#include "milan/exemplar/run_layers.h"

#include <algorithm>

#include "milan/network/layer.h"

namespace milan {

std::vector<RunLayer> SelectRunLayers(const Run& run, const std::vector<std::string>& patterns) {
  if (patterns.empty()) return run.manifest.layers;
  std::vector<Layer> layers;
  for (const RunLayer& layer : run.manifest.layers) {
    layers.push_back({.name = layer.name,
                      .op_type = {},
                      .layout = Layout::kMap,
                      .shape = {},
                      .units = layer.units,
                      .height = layer.height,
                      .width = layer.width});
    if (!layer.module.empty()) layers.back().modules = {layer.module};
  }
  const std::vector<Layer> selected = SelectLayers(layers, patterns);
  std::vector<RunLayer> result = run.manifest.layers;
  std::erase_if(result, [&](const RunLayer& layer) {
    return std::none_of(selected.begin(), selected.end(),
                        [&](const Layer& other) { return other.name == layer.name; });
  });
  return result;
}

}  // namespace milan
