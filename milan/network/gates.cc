#include "milan/network/gates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "milan/base/error.h"
#include "milan/network/graph.h"
#include "milan/network/graph_edit.h"
#include "milan/network/output_types.h"

namespace milan {
namespace {

constexpr int64_t kBroadcasts = 7;  // first operator set whose Mul and Add do
constexpr int64_t kHasWhere = 9;

onnx::TensorProto MakeTensor(const std::string& name, int type, const Shape& shape,
                             const std::vector<float>& values) {
  onnx::TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(type);
  tensor.mutable_dims()->Add(shape.begin(), shape.end());
  const auto append = [&](const auto& value) {
    tensor.mutable_raw_data()->append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  for (const float value : values) {
    if (type == onnx::TensorProto::FLOAT16) {
      append(ToHalf(value));
    } else if (type == onnx::TensorProto::DOUBLE) {
      append(double{value});
    } else if (type == onnx::TensorProto::BOOL) {
      append(static_cast<uint8_t>(value != 0));
    } else {
      append(value);
    }
  }
  return tensor;
}

/// Adds what gates need to a copy of the model.
class GateBuilder {
 public:
  GateBuilder(const Network& network, const std::vector<UnitAxis>& layers)
      : network_(network), model_(network.model()), names_(model_.graph()) {
    operator_set_ = OperatorSet(model_);
    if (operator_set_ < kBroadcasts) {
      throw InputError(fmt::format(
          "{}: operator set {} is too old to be gated; convert the network to {} or later "
          "(onnx.version_converter does)",
          network.name(), operator_set_, kHasWhere));
    }
    FindTypes(layers);
    for (int i = 0; i < model_.graph().node_size(); ++i) {
      for (const std::string& output : model_.graph().node(i).output()) {
        if (!output.empty()) producers_[output] = i;
      }
    }
  }

  Gate AddRunTimeGate(const UnitAxis& axis) {
    const Gate gate{axis, Ungate(axis), AddInput(axis, "/scale"), AddInput(axis, "/shift")};
    const int type = types_.at(axis.layer);
    std::string value = gate.ungated;
    if (operator_set_ >= kHasWhere) {
      const std::string is_on = Name(axis, "/is_on");
      Add(MakeCast(gate.scale, onnx::TensorProto::BOOL, is_on));
      value = Add(MakeNode("Where", {is_on, value, AddConstant(axis, "/zero", type, {}, {0})},
                           Name(axis, "/kept")));
    }
    value = Add(MakeNode("Mul", {value, Cast(axis, gate.scale, type)}, Name(axis, "/scaled")));
    Add(MakeNode("Add", {value, Cast(axis, gate.shift, type)}, axis.layer));
    Insert();
    return gate;
  }

  void AddConstantGate(const UnitAxis& axis, const std::vector<UnitEdit>& edits) {
    std::vector<float> scale(axis.units, 1);
    std::vector<float> shift(axis.units, kNoShift);
    std::vector<float> keep(axis.units, 1);
    std::vector<float> replacement(axis.units, 0);
    for (const UnitEdit& edit : edits) {
      if (edit.scale == 0) {
        keep[edit.unit] = 0;
        replacement[edit.unit] = edit.shift + 0.0F;  // never -0
      } else {
        scale[edit.unit] = edit.scale;
        shift[edit.unit] = edit.shift;
      }
    }
    std::vector<std::pair<std::string, std::vector<std::string>>> steps;
    const int type = types_.at(axis.layer);
    if (type == onnx::TensorProto::FLOAT16) RequireHalves(edits);
    const auto is_one = [](float value) { return value == 1; };
    const auto is_zero = [](float value) { return value == 0; };
    if (!std::all_of(scale.begin(), scale.end(), is_one)) {
      steps.push_back({"Mul", {AddConstant(axis, "/scale", type, GateShape(axis), scale)}});
    }
    if (!std::all_of(shift.begin(), shift.end(), is_zero)) {
      steps.push_back({"Add", {AddConstant(axis, "/shift", type, GateShape(axis), shift)}});
    }
    if (!std::all_of(keep.begin(), keep.end(), is_one)) {
      const bool sets_zero = std::all_of(replacement.begin(), replacement.end(), is_zero);
      const auto values = [&] {
        return sets_zero ? AddConstant(axis, "/zero", type, {}, {0})
                         : AddConstant(axis, "/values", type, GateShape(axis), replacement);
      };
      if (operator_set_ >= kHasWhere) {
        const int boolean = onnx::TensorProto::BOOL;
        steps.push_back(
            {"Where", {AddConstant(axis, "/keep", boolean, GateShape(axis), keep), "", values()}});
      } else {
        steps.push_back({"Mul", {AddConstant(axis, "/keep", type, GateShape(axis), keep)}});
        if (!sets_zero) steps.push_back({"Add", {values()}});
      }
    }
    Chain(axis, steps);
  }

  Network Build() && { return Network(std::move(model_), network_.name(), network_.folder()); }

 private:
  /// Throws kUsage for layers that are not there or not floating-point.
  void FindTypes(const std::vector<UnitAxis>& layers) {
    std::vector<std::string> values;
    for (const UnitAxis& axis : layers) values.push_back(axis.layer);
    if (values.empty()) return;
    for (const NetworkValue& value : InferOutputTypes(network_.Tap(values))) {
      types_[value.name] = FloatingPointType(value.type);
      if (types_[value.name] == 0) {
        throw UsageError(fmt::format("{}: layer {} is {}; only floating-point layers have units",
                                     network_.name(), Quoted(value.name), value.type));
      }
    }
  }

  static void RequireHalves(const std::vector<UnitEdit>& edits) {
    for (const UnitEdit& edit : edits) {
      for (const float value : {edit.scale, edit.shift}) {
        if (!std::isfinite(value) || std::isfinite(FromHalf(ToHalf(value)))) continue;
        throw UsageError(fmt::format(
            "unit {} of layer {}: {} is beyond half precision (65504), in which the layer is",
            edit.unit, Quoted(edit.layer), value));
      }
    }
  }

  std::string Name(const UnitAxis& axis, const std::string& suffix) {
    return names_.Of(axis.layer + suffix);
  }

  /// The layer's value gets another name, and its own becomes free for the gated value: so whoever
  /// reads the layer, subgraphs and outputs too, reads the gated one.
  std::string Ungate(const UnitAxis& axis) {
    place_ = producers_.at(axis.layer);
    const std::string ungated = Name(axis, "/ungated");
    for (std::string& output : *model_.mutable_graph()->mutable_node(place_)->mutable_output()) {
      if (output == axis.layer) output = ungated;
    }
    return ungated;
  }

  std::string AddInput(const UnitAxis& axis, const std::string& suffix) {
    onnx::ValueInfoProto* input = model_.mutable_graph()->add_input();
    input->set_name(Name(axis, suffix));
    auto* type = input->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (const int64_t size : GateShape(axis))
      type->mutable_shape()->add_dim()->set_dim_value(size);
    return input->name();
  }

  std::string AddConstant(const UnitAxis& axis, const std::string& suffix, int type,
                          const Shape& shape, const std::vector<float>& values) {
    return AddInitializer(MakeTensor(Name(axis, suffix), type, shape, values), &model_)->name();
  }

  std::string Cast(const UnitAxis& axis, const std::string& input, int type) {
    if (type == onnx::TensorProto::FLOAT) return input;
    return Add(MakeCast(input, type, Name(axis, "/cast")));
  }

  std::string Add(onnx::NodeProto node) {
    nodes_.push_back(std::move(node));
    return nodes_.back().output(0);
  }

  /// Steps from the ungated value to the layer's; an empty input stands for the value so far, which
  /// is the first input where none is empty.
  void Chain(const UnitAxis& axis,
             const std::vector<std::pair<std::string, std::vector<std::string>>>& steps) {
    if (steps.empty()) return;
    std::string value = Ungate(axis);
    for (size_t i = 0; i < steps.size(); ++i) {
      std::vector<std::string> inputs = steps[i].second;
      const auto hole = std::find(inputs.begin(), inputs.end(), "");
      if (hole != inputs.end()) {
        *hole = value;
      } else {
        inputs.insert(inputs.begin(), value);
      }
      const bool is_last = i + 1 == steps.size();
      value = Add(MakeNode(steps[i].first, inputs, is_last ? axis.layer : Name(axis, "/edited")));
    }
    Insert();
  }

  void Insert() {
    nodes_.back().set_name(names_.Of(nodes_.back().output(0) + "/gate"));
    InsertNodes({{place_, nodes_}}, model_.mutable_graph());
    for (auto& [name, index] : producers_) {
      if (index > place_) index += static_cast<int>(nodes_.size());
    }
    nodes_.clear();
  }

  const Network& network_;
  onnx::ModelProto model_;
  FreshNames names_;
  int64_t operator_set_ = 0;
  std::unordered_map<std::string, int> types_;
  std::unordered_map<std::string, int> producers_;
  int place_ = 0;                       ///< Of the node that computes the layer being gated.
  std::vector<onnx::NodeProto> nodes_;  ///< Of the gate being made.
};

}  // namespace

GatedNetwork WithGates(const Network& network, const std::vector<UnitAxis>& layers) {
  GateBuilder builder(network, layers);
  std::vector<Gate> gates;
  for (const UnitAxis& axis : layers) gates.push_back(builder.AddRunTimeGate(axis));
  return {std::move(builder).Build(), std::move(gates)};
}

Network WithConstantGates(const Network& network, const std::vector<UnitAxis>& layers,
                          const std::vector<UnitEdit>& edits) {
  Validate(edits, layers);
  if (edits.empty()) return network;
  std::map<std::string, std::vector<UnitEdit>> of_layer;
  for (const UnitEdit& edit : edits) of_layer[edit.layer].push_back(edit);
  GateBuilder builder(network, layers);
  for (const UnitAxis& axis : layers) {
    if (of_layer.contains(axis.layer)) builder.AddConstantGate(axis, of_layer[axis.layer]);
  }
  return std::move(builder).Build();
}

}  // namespace milan
