#pragma once

#include <string>
#include <vector>

#include "milan/base/safetensors.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace milan {

/// All values of a network, interpreted; also of one whose input is no photo.
std::vector<Layer> LayersOf(const Network& network, const Shape& input);

/// What hooks saw of the modules of a network, held against the layers that milan finds by their
/// paths (files of export_network.py).
struct ModuleComparison {
  int compared = 0;                  ///< Calls of modules.
  double largest = 0;                ///< Difference, as a part of the largest value of the module.
  std::string worst;                 ///< The module of that.
  std::vector<std::string> missing;  ///< Calls that no layer was found for.
};
ModuleComparison CompareModules(const Network& network, const std::vector<Layer>& layers,
                                const SafetensorsFile& hooks);

}  // namespace milan
