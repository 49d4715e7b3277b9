#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"

namespace milan {
namespace {

std::string Key(const std::string& domain, const std::string& name) {
  return domain == "ai.onnx" ? ":" + name : domain + ":" + name;
}

/// What ONNX Runtime makes of a model's functions: it puts their nodes in the place of each call.
class Expansion {
 public:
  Expansion(const onnx::ModelProto& model, const std::string& network) : network_(network) {
    for (const auto& function : model.functions()) {
      // Those that differ in their overload, which milan's ONNX does not know, count as one.
      functions_[Key(function.domain(), function.name())].protos.push_back(&function);
    }
  }

  /// Nodes that these become; more than kMostNodes count as kMostNodes + 1.
  template <typename Nodes>
  uint64_t SizeOf(const Nodes& nodes, int depth) {
    uint64_t size = 0;
    for (const auto& node : nodes) {
      size += SizeOf(node, depth);
      if (size > limits::kMostNodes) return limits::kMostNodes + 1;
    }
    return size;
  }

 private:
  enum class State { kUnseen, kOpen, kDone };
  struct Function {
    std::vector<const onnx::FunctionProto*> protos;
    State state = State::kUnseen;
    uint64_t size = 0;
    int height = 0;  ///< Calls of calls below it.
  };

  uint64_t SizeOf(const onnx::NodeProto& node, int depth) {
    uint64_t size = 1;
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) size += SizeOf(attribute.g().node(), depth);
      for (const auto& graph : attribute.graphs()) size += SizeOf(graph.node(), depth);
    }
    const auto called = functions_.find(Key(node.domain(), node.op_type()));
    return called == functions_.end() ? size : size + SizeOf(called->second, depth);
  }

  uint64_t SizeOf(Function& function, int depth) {
    const std::string name = Quoted(function.protos.front()->name());
    if (function.state == State::kOpen) {
      throw InputError(fmt::format("{}: function {} calls itself", network_, name));
    }
    if (function.state == State::kUnseen) {
      if (depth >= limits::kDeepestCalls) throw TooDeep(name);
      function.state = State::kOpen;
      const int outer = std::exchange(height_, 0);
      for (const auto* proto : function.protos) function.size += SizeOf(proto->node(), depth + 1);
      function.height = height_ + 1;
      height_ = outer;
      function.state = State::kDone;
    }
    if (depth + function.height > limits::kDeepestCalls) throw TooDeep(name);
    height_ = std::max(height_, function.height);
    return function.size;
  }

  Error TooDeep(const std::string& function) const {
    return InputError(
        fmt::format("{}: functions call functions more than {} deep, milan's limit "
                    "(at function {})",
                    network_, limits::kDeepestCalls, function));
  }

  const std::string& network_;
  std::unordered_map<std::string, Function> functions_;
  int height_ = 0;  ///< The largest of the functions that the open one has called.
};

}  // namespace

void CheckFunctions(const onnx::ModelProto& model, const std::string& name) {
  if (model.functions().empty()) return;
  Expansion expansion(model, name);
  if (expansion.SizeOf(model.graph().node(), 0) > limits::kMostNodes) {
    throw InputError(
        fmt::format("{}: its functions, each put in the place of its calls, give more than {} "
                    "nodes, milan's limit",
                    name, limits::kMostNodes));
  }
  // Those that nothing calls are looked at by ONNX Runtime, too.
  for (const auto& function : model.functions()) expansion.SizeOf(function.node(), 0);
}

}  // namespace milan
