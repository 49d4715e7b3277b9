#include "milan/network/zero_weights.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "milan/network/tensor_elements.h"
#include "milan/network/value_graph.h"

namespace milan {
namespace {

/// Operators whose output is 0 where their first input is, and that leave the channels where they
/// are.
constexpr std::array<std::string_view, 24> kZeroKeepers = {"Identity",      "Dropout",
                                                           "Relu",          "LeakyRelu",
                                                           "PRelu",         "Elu",
                                                           "Selu",          "Celu",
                                                           "Gelu",          "Mish",
                                                           "HardSwish",     "ThresholdedRelu",
                                                           "Tanh",          "Erf",
                                                           "Softsign",      "Abs",
                                                           "Neg",           "Sqrt",
                                                           "MaxPool",       "LpPool",
                                                           "AveragePool",   "GlobalAveragePool",
                                                           "GlobalMaxPool", "Sign"};

constexpr int kDeepest = 1000;  // operators looked through; hostile files can be deeper

std::vector<int64_t> Every(int64_t first, int64_t count, int64_t step) {
  std::vector<int64_t> elements(count);
  for (int64_t i = 0; i < count; ++i) elements[i] = first + i * step;
  return elements;
}

}  // namespace

WeightZeroer::WeightZeroer(onnx::ModelProto* model, std::unordered_set<std::string> edited)
    : weights_(model), edited_(std::move(edited)) {}

bool WeightZeroer::Zero(const UnitAxis& axis, int64_t unit) {
  std::vector<Zeroing> plan;
  if (!Plan(axis.layer, unit, axis.units, axis.axis == 1, axis.axis == axis.rank - 1, &plan)) {
    return false;
  }
  for (const Zeroing& zeroing : plan) {
    weights_.Zero(zeroing.node, zeroing.slot, zeroing.elements);
  }
  return true;
}

/// How many channels a value has on axis 1, as its weights tell; -1 when they do not.
int64_t WeightZeroer::ChannelsOf(const std::string& value, int depth) {
  // Remembered: values that are joined with themselves again and again would double the work.
  if (const auto known = channels_.find(value); known != channels_.end()) return known->second;
  const int64_t channels = CountChannels(value, depth);
  channels_.emplace(value, channels);
  return channels;
}

int64_t WeightZeroer::CountChannels(const std::string& value, int depth) {
  const onnx::NodeProto* node = weights_.Producer(value);
  if (node == nullptr || depth > kDeepest || node->input_size() == 0) return -1;
  const std::string& op = node->op_type();
  std::string input;
  if (op == "Concat" && IntegerOf(*node, "axis", 0) == 1) {
    int64_t sum = 0;
    for (const std::string& part : node->input()) {
      const int64_t channels = ChannelsOf(part, depth + 1);
      if (channels < 0 || __builtin_add_overflow(sum, channels, &sum)) return -1;
    }
    return sum;
  }
  if (KeepsZero(*node)) return ChannelsOf(node->input(0), depth + 1);
  if (IsSwish(*node, &input)) return ChannelsOf(input, depth + 1);
  const int weight_slot = 1;
  const onnx::TensorProto* weight =
      node->input_size() > weight_slot ? weights_.Find(node->input(weight_slot)) : nullptr;
  if (weight == nullptr) return -1;
  if (op == "BatchNormalization") return CountElements(*weight);
  if (weight->dims_size() < 3) return -1;
  if (op == "Conv") return weight->dims(0);
  if (op != "ConvTranspose") return -1;
  int64_t channels = 0;
  const int64_t groups = IntegerOf(*node, "group", 1);
  return __builtin_mul_overflow(weight->dims(1), groups, &channels) ? -1 : channels;
}

bool WeightZeroer::ClipHoldsZero(const onnx::NodeProto& node) const {
  const auto holds = [&](const char* name, int slot, auto is_right_side) {
    if (const onnx::AttributeProto* attribute = FindAttribute(node, name)) {
      return is_right_side(attribute->f());
    }
    if (node.input_size() <= slot || node.input(slot).empty()) return true;
    const onnx::TensorProto* tensor = weights_.Find(node.input(slot));
    const std::optional<float> bound = tensor == nullptr ? std::nullopt : ReadScalar(*tensor);
    return bound && is_right_side(*bound);
  };
  return holds("min", 1, [](float bound) { return bound <= 0; }) &&
         holds("max", 2, [](float bound) { return bound >= 0; });
}

bool WeightZeroer::KeepsZero(const onnx::NodeProto& node) const {
  if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
  if (node.op_type() == "Clip") return ClipHoldsZero(node);
  return std::find(kZeroKeepers.begin(), kZeroKeepers.end(), node.op_type()) != kZeroKeepers.end();
}

/// x * sigmoid(x), where nothing else reads either.
bool WeightZeroer::IsSwish(const onnx::NodeProto& node, std::string* input) const {
  if (node.op_type() != "Mul" || node.input_size() != 2) return false;
  for (const int gate : {0, 1}) {
    const onnx::NodeProto* sigmoid = weights_.Producer(node.input(gate));
    const std::string& x = node.input(1 - gate);
    if (sigmoid == nullptr || sigmoid->input_size() != 1 || sigmoid->input(0) != x) continue;
    if (sigmoid->op_type() != "Sigmoid" && sigmoid->op_type() != "HardSigmoid") continue;
    if (!weights_.IsReadOnce(node.input(gate))) return false;
    *input = x;
    return weights_.CountReads(x) == 2;
  }
  return false;
}

bool WeightZeroer::Plan(const std::string& layer, int64_t unit, int64_t units, bool is_axis_1,
                        bool is_last_axis, std::vector<Zeroing>* plan) {
  std::string value = layer;
  for (int depth = 0; depth < kDeepest; ++depth) {
    int index = 0;
    const onnx::NodeProto* node = weights_.Producer(value, &index);
    if (node == nullptr || node->input_size() == 0 || node->output(0) != value) return false;
    std::string next;
    bool is_swish = false;
    if (node->op_type() == "Flatten" && IntegerOf(*node, "axis", 1) == 1 && is_axis_1) {
      // [N, units, 1, 1]: in any other case the weights have another number of channels.
      if (ChannelsOf(node->input(0), 0) != units) return false;
      is_last_axis = false;
      next = node->input(0);
    } else if (KeepsZero(*node)) {
      // Pools mix what lies on the last axis.
      if (!is_axis_1 && IsPooling(node->op_type())) return false;
      next = node->input(0);
    } else if (IsSwish(*node, &next)) {
      is_swish = true;
    } else {
      return PlanNode(index, unit, units, is_axis_1, is_last_axis, plan);
    }
    if ((!is_swish && !weights_.IsReadOnce(next)) || edited_.contains(next)) return false;
    value = next;
  }
  return false;
}

bool WeightZeroer::PlanNode(int index, int64_t unit, int64_t units, bool is_axis_1,
                            bool is_last_axis, std::vector<Zeroing>* plan) {
  const onnx::NodeProto& node = weights_.node(index);
  const std::string& op = node.op_type();
  if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
  if (is_axis_1) {
    if (op == "Conv") return PlanConvolution(index, unit, units, plan);
    if (op == "ConvTranspose") return PlanTransposed(index, unit, units, plan);
    if (op == "BatchNormalization") return PlanVectors(index, {1, 2}, unit, units, plan);
    if (op == "Concat" && IntegerOf(node, "axis", 0) == 1) {
      return PlanConcat(node, unit, is_last_axis, plan);
    }
  }
  if (is_last_axis) {
    if (op == "Gemm" || op == "MatMul") return PlanProduct(index, unit, units, plan);
    if (op == "Add") return PlanBiasedProduct(index, unit, units, plan);
  }
  return false;
}

bool WeightZeroer::PlanConcat(const onnx::NodeProto& node, int64_t unit, bool is_last_axis,
                              std::vector<Zeroing>* plan) {
  int64_t first = 0;
  for (const std::string& part : node.input()) {
    const int64_t channels = ChannelsOf(part, 0);
    if (channels < 0) return false;
    if (unit < first + channels) {
      if (!weights_.IsReadOnce(part) || edited_.contains(part)) return false;
      return Plan(part, unit - first, channels, true, is_last_axis, plan);
    }
    first += channels;
  }
  return false;
}

/// One number per unit in each of the inputs `slots`; inputs that are left out need nothing.
bool WeightZeroer::PlanVectors(int index, const std::vector<int>& slots, int64_t unit,
                               int64_t units, std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = weights_.node(index);
  for (const int slot : slots) {
    if (slot >= node.input_size() || node.input(slot).empty()) continue;
    if (weights_.CountElementsOf(node.input(slot)) != units ||
        !weights_.CanBeChanged(node.input(slot)))
      return false;
    plan->push_back({index, slot, {unit}});
  }
  return true;
}

bool WeightZeroer::PlanConvolution(int index, int64_t unit, int64_t units,
                                   std::vector<Zeroing>* plan) const {
  if (weights_.node(index).input_size() < 2) return false;
  const std::string& weight = weights_.node(index).input(1);
  if (!weights_.CanBeChanged(weight) || weights_.Find(weight)->dims_size() < 3) return false;
  if (weights_.Find(weight)->dims(0) != units) return false;
  const int64_t size = weights_.CountElementsOf(weight) / units;
  plan->push_back({index, 1, Every(unit * size, size, 1)});
  return PlanVectors(index, {2}, unit, units, plan);
}

/// Weights [in, out / groups, h, w].
bool WeightZeroer::PlanTransposed(int index, int64_t unit, int64_t units,
                                  std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = weights_.node(index);
  const int64_t groups = IntegerOf(node, "group", 1);
  if (node.input_size() < 2 || groups < 1 || !weights_.CanBeChanged(node.input(1))) return false;
  const onnx::TensorProto& weight = *weights_.Find(node.input(1));
  if (weight.dims_size() < 3) return false;
  const int64_t out = weight.dims(1);
  const int64_t in = weight.dims(0) / groups;
  if (out < 1 || in < 1 || out * groups != units) return false;
  const int64_t size = CountElements(weight) / (weight.dims(0) * out);
  Zeroing zeroing{index, 1, {}};
  for (int64_t i = 0; i < in; ++i) {
    const int64_t block = (unit / out * in + i) * out + unit % out;
    for (const int64_t element : Every(block * size, size, 1)) zeroing.elements.push_back(element);
  }
  plan->push_back(std::move(zeroing));
  return PlanVectors(index, {2}, unit, units, plan);
}

/// Gemm and MatMul: a column of [in, out], or a row of the transposed.
bool WeightZeroer::PlanProduct(int index, int64_t unit, int64_t units,
                               std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = weights_.node(index);
  if (node.input_size() < 2 || !weights_.CanBeChanged(node.input(1))) return false;
  const onnx::TensorProto& weight = *weights_.Find(node.input(1));
  if (weight.dims_size() != 2) return false;
  const bool is_transposed = node.op_type() == "Gemm" && IntegerOf(node, "transB", 0) != 0;
  const int64_t in = weight.dims(is_transposed ? 1 : 0);
  if (weight.dims(is_transposed ? 0 : 1) != units) return false;
  plan->push_back({index, 1, is_transposed ? Every(unit * in, in, 1) : Every(unit, in, units)});
  return node.op_type() == "MatMul" || PlanVectors(index, {2}, unit, units, plan);
}

/// MatMul + bias, as exporters write linear layers on tokens.
bool WeightZeroer::PlanBiasedProduct(int index, int64_t unit, int64_t units,
                                     std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = weights_.node(index);
  if (node.input_size() != 2) return false;
  for (const int slot : {0, 1}) {
    const std::string& product = node.input(1 - slot);
    int producer = 0;
    const onnx::NodeProto* matmul = weights_.Producer(product, &producer);
    if (matmul == nullptr || matmul->op_type() != "MatMul") continue;
    const onnx::TensorProto* bias = weights_.Find(node.input(slot));
    if (bias == nullptr || bias->dims_size() < 1 || bias->dims(bias->dims_size() - 1) != units) {
      continue;
    }
    return weights_.IsReadOnce(product) && !edited_.contains(product) &&
           PlanVectors(index, {slot}, unit, units, plan) &&
           PlanProduct(producer, unit, units, plan);
  }
  return false;
}

}  // namespace milan
