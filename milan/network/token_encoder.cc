#include "milan/network/token_encoder.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"

namespace milan {
namespace {

constexpr const char* kIds = "input_ids";
constexpr const char* kMask = "attention_mask";
constexpr const char* kTypes = "token_type_ids";

/// Ids up to here are exact as float32.
constexpr int64_t kGreatestId = (int64_t{1} << 24) - 1;

void RefuseExternalWeights(const Network& network) {
  for (const auto& weight : network.model().graph().initializer()) {
    if (weight.data_location() != onnx::TensorProto::EXTERNAL) continue;
    throw InputError(network.name() + ": weight " + Quoted(weight.name()) +
                     " lies in another file; save the token encoder as one file");
  }
}

/// The network with float32 in place of its integer inputs: engines take nothing else. Each goes
/// through a Cast to what it was, under its old name, so that nothing behind it changes.
Network WithFloatInputs(const Network& network) {
  RefuseExternalWeights(network);
  onnx::ModelProto model = network.model();
  onnx::GraphProto* graph = model.mutable_graph();
  google::protobuf::RepeatedPtrField<onnx::NodeProto> nodes;
  for (onnx::ValueInfoProto& input : *graph->mutable_input()) {
    auto* tensor = input.mutable_type()->mutable_tensor_type();
    const int type = tensor->elem_type();
    if (IsFloatingPoint(ElementTypeName(type))) continue;
    onnx::NodeProto* cast = nodes.Add();
    cast->set_op_type("Cast");
    cast->set_name(input.name() + "/cast");
    cast->add_input(input.name() + "/float32");
    cast->add_output(input.name());
    onnx::AttributeProto* to = cast->add_attribute();
    to->set_name("to");
    to->set_type(onnx::AttributeProto::INT);
    to->set_i(type);
    input.set_name(cast->input(0));
    tensor->set_elem_type(onnx::TensorProto::FLOAT);
  }
  for (onnx::NodeProto& node : *graph->mutable_node()) *nodes.Add() = std::move(node);
  graph->mutable_node()->Swap(&nodes);
  return Network(std::move(model), network.name());
}

std::vector<std::string> CheckedInputs(const Network& network) {
  std::vector<std::string> names;
  for (const NetworkValue& input : network.Inputs()) {
    if (input.name != kIds && input.name != kMask && input.name != kTypes) {
      throw InputError(fmt::format(
          "{}: takes an input {} ({}); a token encoder takes {} and, if it likes, {} and {}",
          network.name(), Quoted(input.name), input.type, kIds, kMask, kTypes));
    }
    names.push_back(input.name);
  }
  if (std::find(names.begin(), names.end(), kIds) == names.end()) {
    throw InputError(network.name() + ": has no input " + kIds +
                     "; a token encoder such as BERT, exported to ONNX, is expected");
  }
  return names;
}

}  // namespace

TokenEncoder TokenEncoder::Open(const Path& network, const std::string& value,
                                const EngineOptions& options) {
  return TokenEncoder(Network::Load(network), value, options);
}

TokenEncoder::TokenEncoder(const Network& network, const std::string& value,
                           const EngineOptions& options)
    : name_(network.name()), value_(value), inputs_(CheckedInputs(network)) {
  if (value_.empty()) value_ = network.Outputs().front().name;
  engine_ = CreateEngine(WithFloatInputs(network.Tap({value_})), options);
}

Array TokenEncoder::Encode(std::span<const int64_t> ids) const {
  const auto count = static_cast<int64_t>(ids.size());
  for (const int64_t id : ids) {
    MILAN_CHECK(id >= 0 && id <= kGreatestId, "token id " + std::to_string(id));
  }
  const std::vector<float> given(ids.begin(), ids.end());
  const std::vector<float> ones(ids.size(), 1);
  const std::vector<float> zeros(ids.size(), 0);
  std::vector<ArrayView> inputs;
  for (const std::string& input : inputs_) {
    const std::vector<float>& values = input == kIds ? given : input == kMask ? ones : zeros;
    inputs.push_back({{1, count}, values});
  }
  Array vectors;
  engine_->Run(inputs, [&](std::span<const ArrayView> outputs) {
    const ArrayView& output = outputs.front();
    if (output.shape.size() != 3 || output.shape[0] != 1 || output.shape[1] != count) {
      throw InputError(
          fmt::format("{}: value {} has shape {} for {} tokens; expected [1, {}, size]", name_,
                      Quoted(value_), ToString(output.shape), count, count));
    }
    vectors.shape = {count, output.shape[2]};
    vectors.values.assign(output.values.begin(), output.values.end());
  });
  return vectors;
}

}  // namespace milan
