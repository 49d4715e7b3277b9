#include "milan/network/model_builder.h"

#include <utility>

#include <onnx/onnx_pb.h>

#include "milan/base/version.h"

namespace milan {
namespace {

constexpr int kIrVersion = 8;
constexpr int kOperatorSet = 13;

void SetAttribute(const std::string& name, const ModelBuilder::Attribute& value,
                  onnx::NodeProto* node) {
  onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    attribute->set_type(onnx::AttributeProto::INT);
    attribute->set_i(*integer);
  } else if (const auto* real = std::get_if<float>(&value)) {
    attribute->set_type(onnx::AttributeProto::FLOAT);
    attribute->set_f(*real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    attribute->set_type(onnx::AttributeProto::STRING);
    attribute->set_s(*text);
  } else {
    attribute->set_type(onnx::AttributeProto::INTS);
    const auto& integers = std::get<std::vector<int64_t>>(value);
    attribute->mutable_ints()->Add(integers.begin(), integers.end());
  }
}

/// Stores the weight under `name`, by way of a Cast when it is stored in half precision.
void AddWeight(const std::string& name, const Array& values, WeightStorage storage,
               onnx::GraphProto* graph) {
  onnx::TensorProto* tensor = graph->add_initializer();
  tensor->mutable_dims()->Add(values.shape.begin(), values.shape.end());
  if (storage == WeightStorage::kFloat) {
    tensor->set_name(name);
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->set_raw_data(values.values.data(), values.values.size() * sizeof(float));
    return;
  }
  std::vector<uint16_t> halves;
  halves.reserve(values.values.size());
  for (const float value : values.values) halves.push_back(ToHalf(value));
  tensor->set_name(name + ".half");
  tensor->set_data_type(onnx::TensorProto::FLOAT16);
  tensor->set_raw_data(halves.data(), halves.size() * sizeof(uint16_t));
  onnx::NodeProto* cast = graph->add_node();
  cast->set_op_type("Cast");
  cast->set_name(name);
  cast->add_input(tensor->name());
  cast->add_output(name);
  SetAttribute("to", int64_t{onnx::TensorProto::FLOAT}, cast);
}

void AddInput(const std::string& name, const Shape& shape, onnx::GraphProto* graph) {
  onnx::ValueInfoProto* input = graph->add_input();
  input->set_name(name);
  auto* tensor = input->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(onnx::TensorProto::FLOAT);
  for (size_t i = 0; i < shape.size(); ++i) {
    auto* dimension = tensor->mutable_shape()->add_dim();
    if (shape[i] >= 0) {
      dimension->set_dim_value(shape[i]);
    } else {
      dimension->set_dim_param(i == 0 ? "N" : "size" + std::to_string(i));
    }
  }
}

ModelBuilder::Attributes PoolingAttributes(const PoolingOptions& options) {
  return {{"kernel_shape", std::vector<int64_t>(2, options.kernel)},
          {"strides", std::vector<int64_t>(2, options.stride)},
          {"pads", std::vector<int64_t>(4, options.padding)}};
}

}  // namespace

ModelBuilder::ModelBuilder(std::string input, Shape shape)
    : input_(std::move(input)), input_shape_(std::move(shape)) {}

std::string ModelBuilder::Conv(const std::string& name, const std::string& input,
                               const Array& weight, const Array& bias,
                               const ConvolutionOptions& options) {
  std::vector<std::string> inputs = {input, Weight(name + ".weight", weight)};
  if (!bias.values.empty()) inputs.push_back(Weight(name + ".bias", bias));
  return Apply("Conv", name, inputs,
               {{"strides", std::vector<int64_t>(2, options.stride)},
                {"pads", std::vector<int64_t>(4, options.padding)},
                {"group", options.groups}});
}

std::string ModelBuilder::Relu(const std::string& name, const std::string& input) {
  return Apply("Relu", name, {input});
}

std::string ModelBuilder::Add(const std::string& name, const std::string& a, const std::string& b) {
  return Apply("Add", name, {a, b});
}

std::string ModelBuilder::Concat(const std::string& name, const std::vector<std::string>& inputs) {
  return Apply("Concat", name, inputs, {{"axis", int64_t{1}}});
}

std::string ModelBuilder::MaxPool(const std::string& name, const std::string& input,
                                  const PoolingOptions& options) {
  return Apply("MaxPool", name, {input}, PoolingAttributes(options));
}

std::string ModelBuilder::AveragePool(const std::string& name, const std::string& input,
                                      const PoolingOptions& options) {
  return Apply("AveragePool", name, {input}, PoolingAttributes(options));
}

std::string ModelBuilder::GlobalAveragePool(const std::string& name, const std::string& input) {
  return Apply("GlobalAveragePool", name, {input});
}

std::string ModelBuilder::Flatten(const std::string& name, const std::string& input) {
  return Apply("Flatten", name, {input}, {{"axis", int64_t{1}}});
}

std::string ModelBuilder::Gemm(const std::string& name, const std::string& input,
                               const Array& weight, const Array& bias) {
  return Apply("Gemm", name,
               {input, Weight(name + ".weight", weight), Weight(name + ".bias", bias)},
               {{"transB", int64_t{1}}});
}

std::string ModelBuilder::Apply(const std::string& op_type, const std::string& name,
                                const std::vector<std::string>& inputs,
                                const Attributes& attributes) {
  nodes_.push_back({op_type, name, inputs, attributes});
  return name;
}

std::string ModelBuilder::Weight(const std::string& name, const Array& values) {
  weights_.emplace_back(name, values);
  return name;
}

void ModelBuilder::Output(const std::string& name) { outputs_.push_back(name); }

Network ModelBuilder::Build(const std::string& name, WeightStorage storage) const {
  onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.set_producer_name("milan");
  model.set_producer_version(Version());
  model.add_opset_import()->set_version(kOperatorSet);
  onnx::GraphProto* graph = model.mutable_graph();
  graph->set_name(name);
  AddInput(input_, input_shape_, graph);
  for (const auto& [weight, values] : weights_) AddWeight(weight, values, storage, graph);
  for (const Node& node : nodes_) {
    onnx::NodeProto* proto = graph->add_node();
    proto->set_op_type(node.op_type);
    proto->set_name(node.name);
    for (const std::string& input : node.inputs) proto->add_input(input);
    proto->add_output(node.name);
    for (const auto& [key, value] : node.attributes) SetAttribute(key, value, proto);
  }
  for (const std::string& output : outputs_) {
    // Type but no shape: ONNX Runtime infers it.
    onnx::ValueInfoProto* info = graph->add_output();
    info->set_name(output);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(onnx::TensorProto::FLOAT);
  }
  return Network(std::move(model), name);
}

}  // namespace milan
