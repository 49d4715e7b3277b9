#include "milan/network/constant_inputs.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/graph_edit.h"
#include "milan/network/photo_input.h"

namespace milan {
namespace {

template <typename T>
std::string BytesOf(const std::vector<double>& values) {
  std::string bytes;
  bytes.reserve(values.size() * sizeof(T));
  for (const double value : values) {
    const T element = static_cast<T>(value);
    bytes.append(reinterpret_cast<const char*>(&element), sizeof(T));
  }
  return bytes;
}

std::string HalfBytesOf(const std::vector<double>& values) {
  std::string bytes;
  for (const double value : values) {
    const uint16_t half = ToHalf(static_cast<float>(value));
    bytes.append(reinterpret_cast<const char*>(&half), sizeof(half));
  }
  return bytes;
}

/// The elements as ONNX stores them.
std::string RawData(const std::vector<double>& values, int type) {
  switch (type) {
    case onnx::TensorProto::FLOAT:
      return BytesOf<float>(values);
    case onnx::TensorProto::DOUBLE:
      return BytesOf<double>(values);
    case onnx::TensorProto::FLOAT16:
      return HalfBytesOf(values);
    case onnx::TensorProto::BOOL:
    case onnx::TensorProto::UINT8:
      return BytesOf<uint8_t>(values);
    case onnx::TensorProto::INT8:
      return BytesOf<int8_t>(values);
    case onnx::TensorProto::UINT16:
      return BytesOf<uint16_t>(values);
    case onnx::TensorProto::INT16:
      return BytesOf<int16_t>(values);
    case onnx::TensorProto::UINT32:
      return BytesOf<uint32_t>(values);
    case onnx::TensorProto::INT32:
      return BytesOf<int32_t>(values);
    case onnx::TensorProto::UINT64:
      return BytesOf<uint64_t>(values);
    default:
      return BytesOf<int64_t>(values);
  }
}

void CheckType(const NetworkValue& input, const InputConstant& constant) {
  const auto range = RangeOf(input.type);
  if (!range && !IsFloatingPoint(input.type)) {
    throw UsageError(fmt::format("constant {}: the input is {}, which has no constants",
                                 Quoted(constant.input), input.type));
  }
  if (!range) return;
  for (const double value : constant.values) {
    if (value == std::floor(value) && value >= range->lowest && value <= range->highest) continue;
    throw UsageError(fmt::format("constant {}: the input is {}, which cannot hold {}",
                                 Quoted(constant.input), input.type, value));
  }
}

bool Fits(const Shape& given, const Shape& expected) {
  return std::equal(given.begin(), given.end(), expected.begin(), expected.end(),
                    [](int64_t size, int64_t wanted) { return wanted < 0 || size == wanted; });
}

/// The shape and elements that the input gets.
std::pair<Shape, std::vector<double>> Complete(const NetworkValue& input,
                                               const InputConstant& constant) {
  Shape shape = constant.shape;
  if (shape.empty() && constant.values.size() == 1) {
    for (const int64_t size : input.shape) shape.push_back(size < 0 ? 1 : size);
    const auto count = static_cast<size_t>(ElementCount(shape));
    return {shape, std::vector<double>(count, constant.values[0])};
  }
  if (!Fits(shape, input.shape) && shape.size() + 1 == input.shape.size()) {
    shape.insert(shape.begin(), 1);
  }
  // A file that tells no shape at all leaves the check to ONNX Runtime.
  if (!Fits(shape, input.shape) && !input.shape.empty()) {
    throw UsageError(
        fmt::format("constant {}: the input has shape {} (-1 is open), but the "
                    "constant {}",
                    Quoted(constant.input), ToString(input.shape), ToString(constant.shape)));
  }
  return {shape, constant.values};
}

NetworkValue InputOf(const Network& network, const InputConstant& constant) {
  std::vector<std::string> names;
  for (const NetworkValue& input : network.Inputs()) {
    if (input.name == constant.input) return input;
    names.push_back(Quoted(input.name));
  }
  throw UsageError(fmt::format("{}: has no input {} to give a constant; its inputs are {}",
                               network.name(), Quoted(constant.input), fmt::join(names, ", ")));
}

int ElementTypeOf(const onnx::GraphProto& graph, const std::string& input) {
  for (const auto& info : graph.input()) {
    if (info.name() == input) return info.type().tensor_type().elem_type();
  }
  return onnx::TensorProto::UNDEFINED;
}

void RemoveInput(const std::string& name, onnx::GraphProto* graph) {
  auto* inputs = graph->mutable_input();
  for (int i = inputs->size(); i-- > 0;) {
    if (inputs->Get(i).name() == name) inputs->DeleteSubrange(i, 1);
  }
}

}  // namespace

Network WithConstantInputs(const Network& network, const std::vector<InputConstant>& constants) {
  if (constants.empty()) return network;
  onnx::ModelProto model = network.model();
  onnx::GraphProto* graph = model.mutable_graph();
  std::unordered_set<std::string> given;
  for (const InputConstant& constant : constants) {
    const NetworkValue input = InputOf(network, constant);
    CheckType(input, constant);
    const auto [shape, values] = Complete(input, constant);
    if (!given.insert(constant.input).second) {
      throw UsageError(fmt::format("constant {} is given twice", Quoted(constant.input)));
    }
    const int type = ElementTypeOf(*graph, constant.input);
    onnx::TensorProto tensor;
    tensor.set_name(constant.input);
    tensor.set_data_type(type);
    tensor.mutable_dims()->Add(shape.begin(), shape.end());
    tensor.set_raw_data(RawData(values, type));
    RemoveInput(constant.input, graph);
    AddInitializer(std::move(tensor), &model);
  }
  return Network(std::move(model), network.name(), network.folder());
}

}  // namespace milan
