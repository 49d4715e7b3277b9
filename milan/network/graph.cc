#include "milan/network/graph.h"

#include <functional>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/base/printable.h"
#include "milan/network/limits.h"

namespace milan {
namespace {

using Names = std::unordered_set<std::string>;

/// Values that exist before any node runs.
Names GivenValues(const onnx::GraphProto& graph) {
  Names names;
  for (const auto& input : graph.input()) names.insert(input.name());
  for (const std::string& name : InitializerNames(graph)) names.insert(name);
  return names;
}

/// What a subgraph reads from the graphs around it.
std::vector<std::string> Captures(const onnx::GraphProto& graph) {
  Names known = GivenValues(graph);
  for (const auto& node : graph.node()) known.insert(node.output().begin(), node.output().end());
  std::vector<std::string> captures;
  const auto add = [&](const std::string& name) {
    if (known.insert(name).second) captures.push_back(name);
  };
  for (const auto& node : graph.node()) {
    for (const std::string& name : Reads(node)) add(name);
  }
  for (const auto& output : graph.output()) add(output.name());
  return captures;
}

/// Index of the node that computes each value.
std::unordered_map<std::string, int> Producers(const onnx::GraphProto& graph) {
  std::unordered_map<std::string, int> producers;
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& output : graph.node(i).output()) {
      if (!output.empty()) producers.emplace(output, i);
    }
  }
  return producers;
}

void CheckComputedOnce(const onnx::GraphProto& graph, const std::string& name) {
  Names inputs;
  for (const auto& input : graph.input()) {
    if (!inputs.insert(input.name()).second) {
      throw InputError(fmt::format("{}: has two inputs {}", name, Quoted(input.name())));
    }
  }
  const Names given = GivenValues(graph);
  Names computed;
  for (const auto& node : graph.node()) {
    for (const std::string& output : node.output()) {
      if (output.empty()) continue;
      if (given.contains(output)) {
        throw InputError(fmt::format("{}: {} computes {}, which is already an input or a weight",
                                     name, Describe(node), Quoted(output)));
      }
      if (!computed.insert(output).second) {
        throw InputError(
            fmt::format("{}: {} computes {} a second time", name, Describe(node), Quoted(output)));
      }
    }
  }
}

void CheckNothingMissing(const onnx::GraphProto& graph, const std::string& name) {
  Names known = GivenValues(graph);
  for (const auto& node : graph.node()) known.insert(node.output().begin(), node.output().end());
  for (const auto& node : graph.node()) {
    for (const std::string& read : Reads(node)) {
      if (!known.contains(read)) {
        throw InputError(fmt::format("{}: {} reads {}, which nothing computes", name,
                                     Describe(node), Quoted(read)));
      }
    }
  }
  for (const auto& output : graph.output()) {
    if (!known.contains(output.name()) || output.name().empty()) {
      throw InputError(
          fmt::format("{}: output {} is computed by no node", name, Quoted(output.name())));
    }
  }
}

void CheckNoCycle(const onnx::GraphProto& graph, const std::string& name) {
  const std::vector<int> order = TopologicalOrder(graph);
  if (order.size() == static_cast<size_t>(graph.node_size())) return;
  // Walking back from a node that never became ready must come around to one already seen.
  const std::unordered_set<int> sorted(order.begin(), order.end());
  const auto producers = Producers(graph);
  int node = 0;
  while (sorted.contains(node)) ++node;
  std::unordered_set<int> seen;
  while (seen.insert(node).second) {
    for (const std::string& read : Reads(graph.node(node))) {
      const auto producer = producers.find(read);
      if (producer == producers.end() || sorted.contains(producer->second)) continue;
      node = producer->second;
      break;
    }
  }
  throw InputError(
      fmt::format("{}: the graph has a cycle through {}", name, Describe(graph.node(node))));
}

}  // namespace

std::string ElementTypeName(int type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
      return "float32";
    case onnx::TensorProto::DOUBLE:
      return "float64";
    case onnx::TensorProto::FLOAT16:
      return "float16";
    case onnx::TensorProto::BFLOAT16:
      return "bfloat16";
    case onnx::TensorProto::UINT8:
      return "uint8";
    case onnx::TensorProto::UINT16:
      return "uint16";
    case onnx::TensorProto::UINT32:
      return "uint32";
    case onnx::TensorProto::UINT64:
      return "uint64";
    case onnx::TensorProto::INT8:
      return "int8";
    case onnx::TensorProto::INT16:
      return "int16";
    case onnx::TensorProto::INT32:
      return "int32";
    case onnx::TensorProto::INT64:
      return "int64";
    case onnx::TensorProto::BOOL:
      return "bool";
    case onnx::TensorProto::STRING:
      return "string";
    default:
      return fmt::format("type {}", type);
  }
}

bool IsFloatingPoint(std::string_view type_name) {
  return type_name == "float32" || type_name == "float16" || type_name == "float64";
}

std::string Quoted(std::string_view name) { return "'" + Printable(name) + "'"; }

std::string JoinNames(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + Printable(name);
  return list;
}

std::string Describe(const onnx::NodeProto& node) {
  const std::string op_type = Printable(node.op_type());
  if (!node.name().empty()) return fmt::format("node {} ({})", Quoted(node.name()), op_type);
  if (node.output().empty()) return fmt::format("a nameless {} node", op_type);
  return fmt::format("node {} that computes {}", op_type, Quoted(node.output(0)));
}

std::vector<std::string> Reads(const onnx::NodeProto& node) {
  std::vector<std::string> reads;
  for (const std::string& input : node.input()) {
    if (!input.empty()) reads.push_back(input);  // an empty name is an optional input left out
  }
  const auto add_captures = [&](const onnx::GraphProto& graph) {
    for (std::string& name : Captures(graph)) reads.push_back(std::move(name));
  };
  for (const auto& attribute : node.attribute()) {
    if (attribute.has_g()) add_captures(attribute.g());
    for (const auto& graph : attribute.graphs()) add_captures(graph);
  }
  return reads;
}

std::vector<std::string> InitializerNames(const onnx::GraphProto& graph) {
  std::vector<std::string> names;
  for (const auto& tensor : graph.initializer()) names.push_back(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) names.push_back(tensor.values().name());
  return names;
}

std::vector<int> TopologicalOrder(const onnx::GraphProto& graph) {
  const auto producers = Producers(graph);
  std::vector<std::vector<int>> readers(graph.node_size());
  std::vector<int> waiting_for(graph.node_size(), 0);
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& read : Reads(graph.node(i))) {
      const auto producer = producers.find(read);
      if (producer == producers.end()) continue;
      readers[producer->second].push_back(i);
      ++waiting_for[i];
    }
  }
  std::priority_queue<int, std::vector<int>, std::greater<>> ready;
  for (int i = 0; i < graph.node_size(); ++i) {
    if (waiting_for[i] == 0) ready.push(i);
  }
  std::vector<int> order;
  while (!ready.empty()) {
    const int node = ready.top();
    ready.pop();
    order.push_back(node);
    for (const int reader : readers[node]) {
      if (--waiting_for[reader] == 0) ready.push(reader);
    }
  }
  return order;
}

void ValidateModel(const onnx::ModelProto& model, const std::string& name) {
  if (!model.has_graph() || model.graph().node().empty()) {
    throw InputError(name + ": the file holds no graph; is it an ONNX network?");
  }
  if (model.opset_import().empty()) {
    throw InputError(name + ": no version of ONNX's operators is given; the file may be truncated");
  }
  const onnx::GraphProto& graph = model.graph();
  if (graph.output().empty()) throw InputError(name + ": the network has no output");
  for (const auto& node : graph.node()) {
    if (node.op_type().empty()) {
      throw InputError(fmt::format("{}: {} has no operator", name, Describe(node)));
    }
  }
  CheckNames(model, name);
  CheckTensors(model, name);
  CheckFunctions(model, name);
  CheckComputedOnce(graph, name);
  CheckNothingMissing(graph, name);
  CheckNoCycle(graph, name);
}

}  // namespace milan
