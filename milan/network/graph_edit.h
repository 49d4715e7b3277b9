#pragma once

// Private to this module: changes of an ONNX graph.

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <onnx/onnx_pb.h>

namespace milan {

/// Names for new values and nodes that nothing in the graph, its subgraphs included, has.
class FreshNames {
 public:
  explicit FreshNames(const onnx::GraphProto& graph);
  /// `wanted`, or "wanted_2", "wanted_3", ...
  std::string Of(const std::string& wanted);

 private:
  std::unordered_set<std::string> used_;
};

/// Version of ONNX's own operators that the model imports; 1 when it says none.
int64_t OperatorSet(const onnx::ModelProto& model);

/// A new weight. Models before IR version 4 list every weight among the inputs.
onnx::TensorProto* AddInitializer(onnx::TensorProto tensor, onnx::ModelProto* model);

/// A node with one output that has the node's name.
onnx::NodeProto MakeNode(const std::string& op_type, const std::vector<std::string>& inputs,
                         const std::string& output);
onnx::NodeProto MakeCast(const std::string& input, int type, const std::string& output);

/// Nodes to put behind others, by the index of the one before them.
using InsertedNodes = std::unordered_map<int, std::vector<onnx::NodeProto>>;
void InsertNodes(const InsertedNodes& inserted, onnx::GraphProto* graph);

/// Number of TensorProto.DataType for "float32", "float16", "float64"; 0 for others.
int FloatingPointType(const std::string& type_name);

}  // namespace milan
