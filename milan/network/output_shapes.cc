#include "milan/network/output_shapes.h"

#include <algorithm>
#include <utility>

#include <onnx/onnx_pb.h>

#include "milan/network/graph_edit.h"
#include "milan/network/output_types.h"

namespace milan {
namespace {

bool HasShape(const onnx::ValueInfoProto& output) {
  const auto& type = output.type();
  // Only tensors: ONNX Runtime tells no more of sequences than the file.
  return type.value_case() > onnx::TypeProto::kTensorType || type.tensor_type().has_shape();
}

/// A shape without sizes may be that of a number or not be known: nothing is said then.
void State(const NetworkValue& value, onnx::ValueInfoProto* output) {
  const int known = output->type().tensor_type().elem_type();
  const int type = known != 0 ? known : FloatingPointType(value.type);
  if (value.shape.empty() || type == 0) return;
  auto* tensor = output->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  for (size_t axis = 0; axis < value.shape.size(); ++axis) {
    auto* dimension = tensor->mutable_shape()->add_dim();
    if (value.shape[axis] >= 0) dimension->set_dim_value(value.shape[axis]);
  }
}

}  // namespace

Network WithOutputShapes(const Network& network) {
  const auto& outputs = network.model().graph().output();
  if (std::all_of(outputs.begin(), outputs.end(), HasShape)) return network;
  const std::vector<NetworkValue> inferred = InferOutputTypes(network);
  onnx::ModelProto model = network.model();
  for (int i = 0; i < outputs.size(); ++i) {
    onnx::ValueInfoProto* output = model.mutable_graph()->mutable_output(i);
    if (!HasShape(*output)) State(inferred[static_cast<size_t>(i)], output);
  }
  return network.WithModel(std::move(model));
}

}  // namespace milan
