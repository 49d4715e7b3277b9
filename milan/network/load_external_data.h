#pragma once

// Private to this module.

#include <string>

#include "milan/base/file.h"

namespace onnx {
class ModelProto;
}

namespace milan {

/// Reads the weights that lie in files beside the network into the model. Throws kInput, beginning
/// with `name`, for a file that is missing, too short or outside of `folder`.
void LoadExternalData(const Path& folder, const std::string& name, onnx::ModelProto* model);

}  // namespace milan
