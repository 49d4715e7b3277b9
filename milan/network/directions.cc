#include "milan/network/directions.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/append_view.h"
#include "milan/network/graph.h"
#include "milan/network/graph_edit.h"

namespace milan {
namespace {

/// For networks that use no standard operator themselves.
constexpr int kOperatorSet = 13;

void AddInteger(const std::string& name, int64_t value, onnx::NodeProto* node) {
  onnx::AttributeProto* attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(onnx::AttributeProto::INT);
  attribute->set_i(value);
}

/// A chain of nodes appended to a graph, whose last value is the layer that the chain makes.
class Chain {
 public:
  Chain(std::string name, std::string input, onnx::ModelProto* model)
      : name_(std::move(name)), value_(std::move(input)), model_(model) {}

  /// Appends a node that reads the chain's value and then weights.
  onnx::NodeProto* Append(const std::string& op_type, const std::vector<std::string>& weights) {
    std::vector<std::string> inputs = {value_};
    inputs.insert(inputs.end(), weights.begin(), weights.end());
    value_ = name_ + "/" + op_type;
    onnx::NodeProto* node = model_->mutable_graph()->add_node();
    *node = MakeNode(op_type, inputs, value_);
    return node;
  }

  std::string Weight(const std::string& role, const Shape& shape,
                     const std::vector<float>& values) {
    onnx::TensorProto tensor;
    tensor.set_name(name_ + "/" + role);
    tensor.mutable_dims()->Add(shape.begin(), shape.end());
    tensor.set_data_type(onnx::TensorProto::FLOAT);
    tensor.set_raw_data(values.data(), values.size() * sizeof(float));
    return AddInitializer(std::move(tensor), model_)->name();
  }

  /// Gives the last value the layer's name.
  void Finish() {
    onnx::GraphProto* graph = model_->mutable_graph();
    onnx::NodeProto* last = graph->mutable_node(graph->node_size() - 1);
    last->set_name(name_);
    last->set_output(0, name_);
  }

 private:
  std::string name_;
  std::string value_;
  onnx::ModelProto* model_;
};

bool IsVector(const Layer& layer) {
  return layer.layout == Layout::kVector && layer.shape.size() == 2;
}

void Append(const LayerDirections& set, const std::string& name, onnx::ModelProto* model) {
  const Directions& directions = set.directions;
  const int64_t count = directions.weight.shape.at(0);
  const int64_t units = directions.weight.shape.at(1);
  MILAN_CHECK(units == set.layer.units, "directions of another number of units");
  const bool is_vector = IsVector(set.layer);
  const std::string maps = AppendView({set.layer.name, set.layer.view}, name + "/view", model);
  Chain chain(name, maps, model);
  // Whatever the network computes in; ONNX Runtime drops a cast of float32 to itself.
  AddInteger("to", onnx::TensorProto::FLOAT, chain.Append("Cast", {}));
  if (!directions.center.empty()) {
    // Not folded into the bias: of large activations that vary little, little would be left.
    const Shape shape = is_vector ? Shape{units} : Shape{units, 1, 1};
    chain.Append("Sub", {chain.Weight("center", shape, directions.center)});
  }
  std::vector<float> bias = directions.bias;
  if (bias.empty()) bias.assign(static_cast<size_t>(count), 0.0F);
  const Shape shape = is_vector ? Shape{count, units} : Shape{count, units, 1, 1};
  const std::vector<std::string> weights = {chain.Weight("weight", shape, directions.weight.values),
                                            chain.Weight("bias", {count}, bias)};
  if (is_vector) {
    AddInteger("transB", 1, chain.Append("Gemm", weights));
  } else {
    chain.Append("Conv", weights);
  }
  if (directions.relu) chain.Append("Relu", {});
  chain.Finish();
}

Layer LayerOf(const LayerDirections& set, const std::string& name) {
  Layer layer = set.layer;
  layer.name = name;
  layer.op_type = set.directions.relu ? "Relu" : IsVector(layer) ? "Gemm" : "Conv";
  layer.units = set.directions.weight.shape.at(0);
  if (!layer.view.IsIdentity()) {
    layer.layout = Layout::kMap;
    layer.view = {};
    layer.shape = {1, 0, layer.height, layer.width};
  }
  if (layer.shape.size() > 1) layer.shape[1] = layer.units;
  return layer;
}

void RequireOperators(onnx::ModelProto* model) {
  const bool has_operators = std::any_of(
      model->opset_import().begin(), model->opset_import().end(),
      [](const auto& set) { return set.domain().empty() || set.domain() == "ai.onnx"; });
  if (!has_operators) model->add_opset_import()->set_version(kOperatorSet);
}

}  // namespace

ExtendedNetwork AddDirections(const Network& network, const std::vector<LayerDirections>& sets) {
  onnx::ModelProto model = network.model();
  RequireOperators(&model);
  std::unordered_set<std::string> names;
  for (const ComputedValue& value : network.ComputedValues()) names.insert(value.name);
  std::vector<Layer> layers;
  for (const LayerDirections& set : sets) {
    const std::string name = set.layer.name + "@" + set.directions.name;
    if (!names.insert(name).second) {
      throw UsageError(fmt::format(
          "two layers would be called {}; give the directions another name", Quoted(name)));
    }
    Append(set, name, &model);
    layers.push_back(LayerOf(set, name));
  }
  return {network.WithModel(std::move(model)), std::move(layers)};
}

}  // namespace milan
