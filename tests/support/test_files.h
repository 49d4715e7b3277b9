#pragma once

#include <string>

#include "milan/base/file.h"

namespace milan {

/// A file of the checkout's tests/ folder, such as "networks/inputs/grey.onnx".
Path TestFile(const std::string& relative);

}  // namespace milan
