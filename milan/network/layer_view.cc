#include "milan/network/layer_view.h"

#include <utility>

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include "milan/base/error.h"
#include "milan/network/append_view.h"
#include "milan/network/graph.h"
#include "milan/network/graph_edit.h"

namespace milan {
namespace {

constexpr int64_t kOldest = 6;  // Reshape by a value is of 5, Cast by a number of 6

/// Appends the operators of one view. Every method adds a node and returns its value.
class ViewBuilder {
 public:
  ViewBuilder(onnx::ModelProto* model, int64_t opset, std::string prefix)
      : model_(model), opset_(opset), prefix_(std::move(prefix)) {}

  /// Zeros keep a size, -1 stands for what is left.
  std::string Reshape(const std::string& input, const std::vector<int64_t>& shape) {
    onnx::NodeProto* node = Node("Reshape", {input, Constant(shape)});
    return node->output(0);
  }

  std::string Transpose(const std::string& input, const std::vector<int64_t>& order) {
    onnx::NodeProto* node = Node("Transpose", {input});
    Attribute(node, "perm", order);
    return node->output(0);
  }

  /// Elements [begin, end) along an axis.
  std::string Slice(const std::string& input, int64_t axis, int64_t begin, int64_t end) {
    if (opset_ >= 10) {
      return Node("Slice", {input, Constant({begin}), Constant({end}), Constant({axis})})
          ->output(0);
    }
    onnx::NodeProto* node = Node("Slice", {input});
    Attribute(node, "axes", {axis});
    Attribute(node, "starts", {begin});
    Attribute(node, "ends", {end});
    return node->output(0);
  }

  /// Keeps the axis, with size 1.
  std::string Mean(const std::string& input, int64_t axis) {
    if (opset_ >= 18) return Node("ReduceMean", {input, Constant({axis})})->output(0);
    onnx::NodeProto* node = Node("ReduceMean", {input});
    Attribute(node, "axes", {axis});
    return node->output(0);
  }

  /// Half precision would lose most of a mean over many tokens.
  std::string ToFloat(const std::string& input) {
    return Add(MakeCast(input, onnx::TensorProto::FLOAT, NextName()))->output(0);
  }

 private:
  std::string NextName() { return fmt::format("{}.{}", prefix_, count_++); }

  onnx::NodeProto* Add(onnx::NodeProto node) {
    onnx::NodeProto* added = model_->mutable_graph()->add_node();
    *added = std::move(node);
    return added;
  }

  onnx::NodeProto* Node(const std::string& op_type, const std::vector<std::string>& inputs) {
    return Add(MakeNode(op_type, inputs, NextName()));
  }

  std::string Constant(const std::vector<int64_t>& values) {
    onnx::TensorProto tensor;
    tensor.set_name(NextName());
    tensor.set_data_type(onnx::TensorProto::INT64);
    tensor.add_dims(static_cast<int64_t>(values.size()));
    for (const int64_t value : values) tensor.add_int64_data(value);
    return AddInitializer(std::move(tensor), model_)->name();
  }

  static void Attribute(onnx::NodeProto* node, const std::string& name,
                        const std::vector<int64_t>& values) {
    onnx::AttributeProto* attribute = node->add_attribute();
    attribute->set_name(name);
    attribute->set_type(onnx::AttributeProto::INTS);
    for (const int64_t value : values) attribute->add_ints(value);
  }

  onnx::ModelProto* model_;
  int64_t opset_;
  std::string prefix_;
  int count_ = 0;
};

std::string Patches(ViewBuilder& builder, const std::string& input, int64_t axis,
                    const TokenGrid& grid) {
  if (grid.before == 0 && grid.after == 0) return input;
  return builder.Slice(input, axis, grid.before, grid.before + grid.Patches());
}

std::string AppendTokens(ViewBuilder& builder, const std::string& value, const TokenGrid& grid) {
  std::string x = builder.Reshape(value, {1, grid.Tokens(), -1});
  x = Patches(builder, x, 1, grid);
  x = builder.Transpose(x, {0, 2, 1});
  return builder.Reshape(x, {1, -1, grid.height, grid.width});
}

std::string AppendHeads(ViewBuilder& builder, const std::string& value, const LayerView& view) {
  const TokenGrid& grid = view.grid;
  const int64_t tokens = grid.Tokens();
  std::string x = builder.Reshape(value, {1, -1, tokens, tokens});  // heads, queries, keys
  x = Patches(builder, x, 3, grid);
  if (view.attention == AttentionFrom::kClassToken) {
    const int64_t token = grid.before > 0 ? 0 : grid.Patches();
    x = builder.Slice(x, 2, token, token + 1);
  } else {
    x = builder.Mean(builder.ToFloat(Patches(builder, x, 2, grid)), 2);
  }
  return builder.Reshape(x, {1, -1, grid.height, grid.width});
}

}  // namespace

std::string AppendView(const ViewedValue& value, const std::string& prefix,
                       onnx::ModelProto* model) {
  if (value.view.IsIdentity()) return value.name;
  const int64_t opset = OperatorSet(*model);
  if (opset < kOldest) {
    throw InputError(
        fmt::format("value {}: tokens become maps from operator set {} on, the network has {}; "
                    "export it with a newer one",
                    Quoted(value.name), kOldest, opset));
  }
  ViewBuilder builder(model, opset, prefix);
  switch (value.view.layout) {
    case Layout::kNhwc:
      return builder.Transpose(value.name, {0, 3, 1, 2});
    case Layout::kTokens:
      return AppendTokens(builder, value.name, value.view.grid);
    case Layout::kHeads:
      return AppendHeads(builder, value.name, value.view);
    default:
      return value.name;
  }
}

std::string ToString(Layout layout) {
  switch (layout) {
    case Layout::kMap:
      return "NCHW";
    case Layout::kNhwc:
      return "NHWC";
    case Layout::kTokens:
      return "tokens";
    case Layout::kHeads:
      return "heads";
    case Layout::kVector:
      return "vector";
    case Layout::kOther:
      break;
  }
  return "other";
}

Layout ParseLayout(const std::string& text, const std::string& name) {
  for (const Layout layout : {Layout::kMap, Layout::kNhwc, Layout::kTokens, Layout::kHeads,
                              Layout::kVector, Layout::kOther}) {
    if (ToString(layout) == text) return layout;
  }
  throw InputError(name + ": '" + text + "' is not a layout");
}

std::string ToString(const LayerView& view) {
  std::string text = ToString(view.layout);
  if (view.layout != Layout::kTokens && view.layout != Layout::kHeads) return text;
  text += fmt::format(" {}x{}", view.grid.height, view.grid.width);
  if (view.grid.before > 0) text += fmt::format(" after {} special", view.grid.before);
  if (view.grid.after > 0) text += fmt::format(" before {} special", view.grid.after);
  if (view.layout == Layout::kHeads) {
    text += view.attention == AttentionFrom::kClassToken ? ", attention of the class token"
                                                         : ", mean attention of the patches";
  }
  return text;
}

Network TapViews(const Network& network, const std::vector<ViewedValue>& values) {
  std::vector<std::string> names;
  bool are_identities = true;
  for (const ViewedValue& value : values) {
    names.push_back(value.name);
    are_identities = are_identities && value.view.IsIdentity();
  }
  const Network tapped = network.Tap(names);
  if (are_identities) return tapped;
  onnx::ModelProto model = tapped.model();
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i].view.IsIdentity()) continue;
    const std::string map =
        AppendView(values[i], fmt::format("milan.view.{}.{}", i, values[i].name), &model);
    onnx::ValueInfoProto* output = model.mutable_graph()->mutable_output(static_cast<int>(i));
    output->Clear();  // ONNX Runtime infers its type
    output->set_name(map);
  }
  return Network(std::move(model), network.name(), network.folder());
}

}  // namespace milan
