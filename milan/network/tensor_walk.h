#pragma once

// Private to this module.

#include <functional>
#include <string>

namespace onnx {
class ModelProto;
class SparseTensorProto;
class TensorProto;
}  // namespace onnx

namespace milan {

struct TensorVisitor {
  /// `where` names the tensor for a person: "weight 'conv1.weight'", "node 'c' (Constant)".
  std::function<void(const onnx::TensorProto&, const std::string& where)> tensor;
  std::function<void(const onnx::SparseTensorProto&, const std::string& where)> sparse;
};

/// Every tensor of a model: weights and attributes, of its graph, the graphs in it, and functions.
/// The values and indices of sparse ones are not visited as tensors.
void ForEachTensor(const onnx::ModelProto& model, const TensorVisitor& visitor);

}  // namespace milan
