#include "tests/networks/compare_values.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "milan/network/engine.h"
#include "milan/network/interpret_layers.h"

namespace milan {
namespace {

double RelativeDifference(std::span<const float> actual, const std::vector<float>& expected) {
  double difference = 0;
  double largest = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (!std::isfinite(actual[i])) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(static_cast<double>(actual[i]) - expected[i]));
    largest = std::max(largest, std::abs(static_cast<double>(expected[i])));
  }
  return largest == 0 ? difference : difference / largest;
}

/// Calls of one module, in order: "module:layer1.0.relu#0", "...#1".
using Calls = std::vector<std::string>;

std::map<std::string, Calls> CallsByModule(const SafetensorsFile& hooks) {
  std::map<std::string, Calls> modules;
  for (const auto& [key, tensor] : hooks.tensors()) {
    const size_t hash = key.rfind('#');
    if (hash != std::string::npos) modules[key.substr(0, hash)].push_back(key);
  }
  for (auto& [module, calls] : modules) {
    std::sort(calls.begin(), calls.end(), [&](const auto& a, const auto& b) {
      return std::pair(a.size(), a) < std::pair(b.size(), b);
    });
  }
  return modules;
}

/// Places of the layers that are outputs of a module, in order.
std::map<std::string, std::vector<size_t>> LayersByModule(const std::vector<Layer>& layers) {
  std::map<std::string, std::vector<size_t>> modules;
  for (size_t i = 0; i < layers.size(); ++i) {
    for (const std::string& module : layers[i].modules) modules["module:" + module].push_back(i);
    if (!layers[i].folded_module.empty()) {
      modules["folded:" + layers[i].folded_module].push_back(i);
    }
  }
  return modules;
}

/// The hook whose tensor each layer must equal.
std::vector<std::pair<size_t, std::string>> Pairs(const std::vector<Layer>& layers,
                                                  const SafetensorsFile& hooks,
                                                  ModuleComparison& comparison) {
  const auto by_module = LayersByModule(layers);
  std::vector<std::pair<size_t, std::string>> pairs;
  for (const auto& [module, calls] : CallsByModule(hooks)) {
    const auto found = by_module.find(module);
    const size_t count = found == by_module.end() ? 0 : found->second.size();
    for (size_t call = 0; call < calls.size(); ++call) {
      const bool is_there =
          call < count && layers[found->second[call]].shape == hooks.At(calls[call]).shape;
      if (is_there) {
        pairs.emplace_back(found->second[call], calls[call]);
      } else {
        comparison.missing.push_back(calls[call]);
      }
    }
  }
  return pairs;
}

std::vector<std::string> NamesOf(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

}  // namespace

std::vector<Layer> LayersOf(const Network& network, const Shape& input) {
  if (input[1] == 3) {
    return InterpretLayers(
        network, ListLayers(network, static_cast<int>(input[2]), static_cast<int>(input[3])));
  }
  std::vector<Layer> layers;
  std::vector<std::string> names;
  for (const ComputedValue& value : network.ComputedValues()) {
    if (value.inputs.empty()) continue;
    layers.push_back({value.name, value.op_type, Layout::kMap, {}, 0, 0, 0});
    names.push_back(value.name);
  }
  const Array zeros{input, std::vector<float>(static_cast<size_t>(ElementCount(input)))};
  const ArrayView view = zeros.View();
  CreateEngine(network.Tap(names))->Run({&view, 1}, [&](std::span<const ArrayView> outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      layers[i].shape = outputs[i].shape;
      layers[i].units = outputs[i].shape.at(1);
      layers[i].height = outputs[i].shape.at(2);
      layers[i].width = outputs[i].shape.at(3);
    }
  });
  return InterpretLayers(network, layers);
}

ModuleComparison CompareModules(const Network& network, const std::vector<Layer>& layers,
                                const SafetensorsFile& hooks) {
  ModuleComparison comparison;
  const auto pairs = Pairs(layers, hooks, comparison);
  const Array input{hooks.At("input").shape, hooks.At("input").AsFloats()};
  const ArrayView view = input.View();
  const std::vector<std::string> names = NamesOf(layers);
  CreateEngine(network.Tap(names))->Run({&view, 1}, [&](std::span<const ArrayView> outputs) {
    for (const auto& [layer, call] : pairs) {
      const double difference =
          RelativeDifference(outputs[layer].values, hooks.At(call).AsFloats());
      ++comparison.compared;
      if (comparison.worst.empty() || difference > comparison.largest) {
        comparison.largest = difference;
        comparison.worst = call;
      }
    }
  });
  return comparison;
}

}  // namespace milan
