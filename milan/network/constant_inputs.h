#pragma once

#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/network.h"

namespace milan {

/// The value that an input has for every photo. Doubles hold all that milan reads exactly.
struct InputConstant {
  std::string input;
  Shape shape;  ///< Empty: one number, for every element of the input.
  std::vector<double> values;
};

/// The network with these inputs replaced by weights of their type; sizes that the file leaves open
/// are the constant's, or 1 for a single number. A constant may leave out a leading size of 1.
/// Throws kUsage naming the inputs there are, and the shape or the range that a constant must have.
Network WithConstantInputs(const Network& network, const std::vector<InputConstant>& constants);

}  // namespace milan
