#pragma once

// Private to this module.

#include <vector>

#include "milan/network/activation_stage.h"
#include "milan/network/layer.h"
#include "milan/network/value_graph.h"

namespace milan {

/// Sets `is_proposed` (interpret_layers.h). `stages` and `modules` (innermost) are
/// those of the graph's values.
void MarkProposals(const ValueGraph& graph, const std::vector<Stage>& stages,
                   const std::vector<std::string>& modules, std::vector<Layer>& layers);

}  // namespace milan
