#pragma once

// Private to this module: questions that one asks an ONNX graph.

#include <string>
#include <string_view>
#include <vector>

namespace onnx {
class GraphProto;
class ModelProto;
class NodeProto;
}  // namespace onnx

namespace milan {

/// "float32", "float16", "int64", ... for a number of ONNX's TensorProto.DataType (ONNX Runtime
/// uses the same numbers); "type 42" for one that is not known.
std::string ElementTypeName(int type);
bool IsFloatingPoint(std::string_view type_name);

/// `name` in single quotes, safe to print: a broken file's names may hold any bytes.
std::string Quoted(std::string_view name);

/// Names for a list in a message, safe to print: "conv1, conv2".
std::string JoinNames(const std::vector<std::string>& names);

/// "node 'conv1' (Conv)", or "node Conv that computes 'conv1'" when the node has no name.
std::string Describe(const onnx::NodeProto& node);

/// Every value that running the node needs: its inputs, then what its subgraphs (the bodies of If,
/// Loop, Scan) capture from around them. A name may appear more than once.
std::vector<std::string> Reads(const onnx::NodeProto& node);

/// Names of the graph's initializers, dense and sparse.
std::vector<std::string> InitializerNames(const onnx::GraphProto& graph);

/// Indices of the nodes such that each comes after those it reads from; nodes keep the file's order
/// where they can. Shorter than the graph when it has a cycle.
std::vector<int> TopologicalOrder(const onnx::GraphProto& graph);

/// Throws kInput, beginning with `name`, unless the model can be listed and tapped: it has nodes
/// and outputs, every value is computed exactly once, none is missing, and there is no cycle.
void ValidateModel(const onnx::ModelProto& model, const std::string& name);

}  // namespace milan
