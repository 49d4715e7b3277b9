#pragma once

// Private to this module: the numbers that a tensor of a file holds.

#include <cstdint>
#include <optional>
#include <vector>

namespace onnx {
class TensorProto;
}

namespace milan {

/// As the sizes say; -1 when they are no sizes.
int64_t CountElements(const onnx::TensorProto& tensor);

/// How many floating-point numbers the tensor holds in the file; -1 for other types, and for those
/// that lie in another file.
int64_t StoredElements(const onnx::TensorProto& tensor);

/// REQUIRES: elements below StoredElements.
void ZeroElements(const std::vector<int64_t>& elements, onnx::TensorProto* tensor);

/// The one number of a constant of float32 or float16.
std::optional<float> ReadScalar(const onnx::TensorProto& tensor);

}  // namespace milan
