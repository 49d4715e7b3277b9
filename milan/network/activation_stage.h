#pragma once

// Private to this module.

#include <string>
#include <vector>

#include "milan/network/value_graph.h"

namespace milan {

/// Where a value stands to the activation functions and normalisations around it. Functions that
/// exporters write as several operators (Gelu, Silu, HardSwish, LayerNormalization) count as one.
struct Stage {
  std::string after;          ///< "Relu" when it is the result of one.
  std::string before;         ///< "Relu" when all that reads it is one.
  bool is_activated = false;  ///< `after` is an activation function, no normalisation.
  bool is_step = false;  ///< Only one more number per number follows: the next value tells more.
};

/// One for each value of the graph.
std::vector<Stage> FindStages(const ValueGraph& graph);

}  // namespace milan
