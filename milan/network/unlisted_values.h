#pragma once

#include <string>
#include <vector>

#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace milan {

/// Why a value that the network does compute is no layer, for the user who names it: "'conv1_quant'
/// is uint8 ...; its dequantised value 'conv1_dequant' is a layer". Empty when the name is a
/// layer's, or no value's.
std::string WhyUnlisted(const Network& network, const std::vector<Layer>& layers,
                        const std::string& name);

}  // namespace milan
