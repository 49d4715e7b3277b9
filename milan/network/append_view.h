#pragma once

// Private to this module.

#include <string>

#include "milan/network/layer_view.h"

namespace onnx {
class ModelProto;
}

namespace milan {

/// Appends the nodes that make maps of a value to the model, their names beginning with `prefix`.
/// Returns the name of the maps: the value's own when it is arranged as maps already. Throws kInput
/// when the model's operator set is too old.
std::string AppendView(const ViewedValue& value, const std::string& prefix,
                       onnx::ModelProto* model);

}  // namespace milan
