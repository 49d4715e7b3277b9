#include <string_view>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/limits.h"

namespace milan {
namespace {

class NameCheck {
 public:
  explicit NameCheck(const std::string& network) : network_(network) {}

  void Check(const onnx::GraphProto& graph) const {
    for (const auto& node : graph.node()) Check(node);
    for (const auto& value : graph.input()) Check(value.name(), "an input");
    for (const auto& value : graph.output()) Check(value.name(), "an output");
    for (const std::string& name : InitializerNames(graph)) Check(name, "a weight");
  }

 private:
  void Check(const onnx::NodeProto& node) const {
    Check(node.name(), "a node");
    Check(node.op_type(), "an operator");
    for (const std::string& name : node.input()) Check(name, "a value");
    for (const std::string& name : node.output()) Check(name, "a value");
    for (const auto& attribute : node.attribute()) {
      if (attribute.has_g()) Check(attribute.g());
      for (const auto& graph : attribute.graphs()) Check(graph);
    }
  }

  void Check(std::string_view name, const char* whose) const {
    if (name.size() <= limits::kLongestName) return;
    throw InputError(fmt::format("{}: the name of {} has {} bytes; the limit is {} ({})", network_,
                                 whose, name.size(), limits::kLongestName, Quoted(name)));
  }

  const std::string& network_;
};

/// Bytes that Network::ComputedValues takes for one node: each output with all that the node reads.
uint64_t ListingOf(const onnx::NodeProto& node) {
  constexpr uint64_t kPerText = 2 * sizeof(std::string);
  uint64_t bytes = 4 * kPerText + node.name().size() + node.op_type().size();
  for (const std::string& name : Reads(node)) bytes += kPerText + name.size();
  return bytes * static_cast<uint64_t>(node.output_size());
}

}  // namespace

void CheckNames(const onnx::ModelProto& model, const std::string& name) {
  NameCheck(name).Check(model.graph());
  uint64_t listing = 0;
  for (const auto& node : model.graph().node()) {
    listing += ListingOf(node);
    if (listing <= limits::kMostListing) continue;
    throw InputError(fmt::format(
        "{}: the list of its values with what each reads takes more than {} MiB, milan's limit, at "
        "{} ({} inputs, {} outputs)",
        name, limits::kMostListing >> 20, Describe(node), node.input_size(), node.output_size()));
  }
}

}  // namespace milan
