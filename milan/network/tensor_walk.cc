#include "milan/network/tensor_walk.h"

#include <onnx/onnx_pb.h>

#include "milan/network/graph.h"

namespace milan {
namespace {

class Walk {
 public:
  explicit Walk(const TensorVisitor& visitor) : visitor_(visitor) {}

  void Visit(const onnx::GraphProto& graph) const {
    for (const auto& tensor : graph.initializer()) {
      visitor_.tensor(tensor, "weight " + Quoted(tensor.name()));
    }
    for (const auto& sparse : graph.sparse_initializer()) {
      visitor_.sparse(sparse, "sparse weight " + Quoted(sparse.values().name()));
    }
    for (const auto& node : graph.node()) Visit(node);
  }

  void Visit(const onnx::NodeProto& node) const {
    for (const auto& attribute : node.attribute()) Visit(attribute, node);
  }

 private:
  void Visit(const onnx::AttributeProto& attribute, const onnx::NodeProto& node) const {
    if (attribute.has_g()) Visit(attribute.g());
    for (const auto& graph : attribute.graphs()) Visit(graph);
    const bool has_tensors = attribute.has_t() || attribute.has_sparse_tensor() ||
                             !attribute.tensors().empty() || !attribute.sparse_tensors().empty();
    if (!has_tensors) return;
    const std::string where = Describe(node) + ", attribute " + Quoted(attribute.name());
    if (attribute.has_t()) visitor_.tensor(attribute.t(), where);
    for (const auto& tensor : attribute.tensors()) visitor_.tensor(tensor, where);
    if (attribute.has_sparse_tensor()) visitor_.sparse(attribute.sparse_tensor(), where);
    for (const auto& sparse : attribute.sparse_tensors()) visitor_.sparse(sparse, where);
  }

  const TensorVisitor& visitor_;
};

}  // namespace

void ForEachTensor(const onnx::ModelProto& model, const TensorVisitor& visitor) {
  const Walk walk(visitor);
  walk.Visit(model.graph());
  for (const auto& function : model.functions()) {
    for (const auto& node : function.node()) walk.Visit(node);
  }
}

}  // namespace milan
