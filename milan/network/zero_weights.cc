#include "milan/network/zero_weights.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "milan/base/array.h"
#include "milan/network/graph.h"
#include "milan/network/graph_edit.h"

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

const onnx::AttributeProto* Find(const onnx::NodeProto& node, std::string_view name) {
  for (const auto& attribute : node.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

int64_t Integer(const onnx::NodeProto& node, std::string_view name, int64_t fallback) {
  const onnx::AttributeProto* attribute = Find(node, name);
  return attribute == nullptr ? fallback : attribute->i();
}

int64_t Count(const onnx::TensorProto& tensor) {
  int64_t count = 1;
  for (const int64_t size : tensor.dims()) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) return -1;
  }
  return count;
}

size_t BytesPerElement(int type) {
  if (type == onnx::TensorProto::FLOAT) return sizeof(float);
  if (type == onnx::TensorProto::FLOAT16 || type == onnx::TensorProto::BFLOAT16) return 2;
  if (type == onnx::TensorProto::DOUBLE) return sizeof(double);
  return 0;
}

/// How many elements the tensor really holds; -1 for types or storage not understood.
int64_t Stored(const onnx::TensorProto& tensor) {
  const size_t size = BytesPerElement(tensor.data_type());
  if (size == 0 || tensor.data_location() == onnx::TensorProto::EXTERNAL) return -1;
  if (!tensor.raw_data().empty()) return static_cast<int64_t>(tensor.raw_data().size() / size);
  if (tensor.data_type() == onnx::TensorProto::FLOAT) return tensor.float_data_size();
  if (tensor.data_type() == onnx::TensorProto::DOUBLE) return tensor.double_data_size();
  return tensor.int32_data_size();
}

void ZeroElements(const std::vector<int64_t>& elements, onnx::TensorProto* tensor) {
  const size_t size = BytesPerElement(tensor->data_type());
  std::string* raw = tensor->raw_data().empty() ? nullptr : tensor->mutable_raw_data();
  for (const int64_t element : elements) {
    if (raw != nullptr) {
      std::memset(raw->data() + static_cast<size_t>(element) * size, 0, size);
    } else if (tensor->data_type() == onnx::TensorProto::FLOAT) {
      tensor->set_float_data(static_cast<int>(element), 0);
    } else if (tensor->data_type() == onnx::TensorProto::DOUBLE) {
      tensor->set_double_data(static_cast<int>(element), 0);
    } else {
      tensor->set_int32_data(static_cast<int>(element), 0);
    }
  }
}

/// The one number of a constant; false when it is none.
bool ReadScalar(const onnx::TensorProto& tensor, float* value) {
  if (Count(tensor) != 1 || Stored(tensor) != 1) return false;
  const char* raw = tensor.raw_data().empty() ? nullptr : tensor.raw_data().data();
  if (tensor.data_type() == onnx::TensorProto::FLOAT) {
    if (raw == nullptr) {
      *value = tensor.float_data(0);
    } else {
      std::memcpy(value, raw, sizeof(float));
    }
    return true;
  }
  if (tensor.data_type() == onnx::TensorProto::FLOAT16) {
    uint16_t half = 0;
    if (raw == nullptr) {
      half = static_cast<uint16_t>(tensor.int32_data(0));
    } else {
      std::memcpy(&half, raw, sizeof(half));
    }
    *value = FromHalf(half);
    return true;
  }
  return false;
}

std::vector<int64_t> Every(int64_t first, int64_t count, int64_t step) {
  std::vector<int64_t> elements(count);
  for (int64_t i = 0; i < count; ++i) elements[i] = first + i * step;
  return elements;
}

}  // namespace

struct WeightZeroer::Index {
  std::unordered_map<std::string, int> producers;     ///< Nodes.
  std::unordered_map<std::string, int> initializers;  ///< Indices.
  std::unordered_map<std::string, int> reads;         ///< How often each value is read.
};

WeightZeroer::WeightZeroer(onnx::ModelProto* model, std::unordered_set<std::string> edited)
    : model_(model), edited_(std::move(edited)), index_(std::make_unique<Index>()) {
  const onnx::GraphProto& graph = model->graph();
  for (int i = 0; i < graph.node_size(); ++i) {
    for (const std::string& output : graph.node(i).output()) index_->producers[output] = i;
    for (const std::string& read : Reads(graph.node(i))) ++index_->reads[read];
  }
  for (const auto& output : graph.output()) ++index_->reads[output.name()];
  for (int i = 0; i < graph.initializer_size(); ++i) {
    index_->initializers[graph.initializer(i).name()] = i;
  }
}

WeightZeroer::~WeightZeroer() = default;

bool WeightZeroer::Zero(const UnitAxis& axis, int64_t unit) {
  std::vector<Zeroing> plan;
  if (!Plan(axis.layer, unit, axis.units, axis.axis == 1, axis.axis == axis.rank - 1, &plan)) {
    return false;
  }
  for (const Zeroing& zeroing : plan) Apply(zeroing);
  return true;
}

const onnx::NodeProto* WeightZeroer::Producer(const std::string& value, int* index) const {
  const auto producer = index_->producers.find(value);
  if (producer == index_->producers.end()) return nullptr;
  if (index != nullptr) *index = producer->second;
  return &model_->graph().node(producer->second);
}

bool WeightZeroer::IsReadOnlyOnce(const std::string& value) const {
  const auto reads = index_->reads.find(value);
  return reads != index_->reads.end() && reads->second == 1;
}

/// The stored numbers behind a weight that is an initializer, a Constant, or either behind Casts.
const onnx::TensorProto* WeightZeroer::Weight(const std::string& value) const {
  std::string name = value;
  for (int depth = 0; depth < kDeepest; ++depth) {
    if (const auto found = index_->initializers.find(name); found != index_->initializers.end()) {
      return &model_->graph().initializer(found->second);
    }
    const onnx::NodeProto* node = Producer(name, nullptr);
    if (node == nullptr) return nullptr;
    if (node->op_type() == "Constant") {
      const onnx::AttributeProto* attribute = Find(*node, "value");
      return attribute == nullptr || !attribute->has_t() ? nullptr : &attribute->t();
    }
    if ((node->op_type() != "Cast" && node->op_type() != "Identity") || node->input_size() != 1) {
      return nullptr;
    }
    name = node->input(0);
  }
  return nullptr;
}

int64_t WeightZeroer::ElementsOf(const std::string& weight) const {
  const onnx::TensorProto* tensor = Weight(weight);
  if (tensor == nullptr || Stored(*tensor) != Count(*tensor)) return -1;
  return Count(*tensor);
}

/// A weight that is read once can be changed where it is; a stored one that others read can be
/// copied, but not the casts in front of it.
bool WeightZeroer::CanBeChanged(const std::string& weight) const {
  if (ElementsOf(weight) < 0) return false;
  if (index_->initializers.contains(weight)) return true;
  std::string name = weight;
  while (!index_->initializers.contains(name)) {
    if (!IsReadOnlyOnce(name)) return false;
    const onnx::NodeProto* node = Producer(name, nullptr);
    if (node->op_type() == "Constant") return true;
    name = node->input(0);
  }
  return IsReadOnlyOnce(name);
}

/// How many channels a value has on axis 1, as its weights tell; -1 when they do not.
int64_t WeightZeroer::ChannelsOf(const std::string& value, int depth) const {
  const onnx::NodeProto* node = Producer(value, nullptr);
  if (node == nullptr || depth > kDeepest || node->input_size() == 0) return -1;
  const std::string& op = node->op_type();
  std::string input;
  if (op == "Concat" && Integer(*node, "axis", 0) == 1) {
    int64_t sum = 0;
    for (const std::string& part : node->input()) {
      const int64_t channels = ChannelsOf(part, depth + 1);
      if (channels < 0) return -1;
      sum += channels;
    }
    return sum;
  }
  if (KeepsZero(*node)) return ChannelsOf(node->input(0), depth + 1);
  if (IsSwish(*node, &input)) return ChannelsOf(input, depth + 1);
  const int weight_slot = 1;
  const onnx::TensorProto* weight =
      node->input_size() > weight_slot ? Weight(node->input(weight_slot)) : nullptr;
  if (weight == nullptr) return -1;
  if (op == "BatchNormalization") return Count(*weight);
  if (weight->dims_size() < 3) return -1;
  if (op == "Conv") return weight->dims(0);
  if (op == "ConvTranspose") return weight->dims(1) * Integer(*node, "group", 1);
  return -1;
}

bool WeightZeroer::ClipHoldsZero(const onnx::NodeProto& node) const {
  const auto holds = [&](const char* name, int slot, auto is_right_side) {
    if (const onnx::AttributeProto* attribute = Find(node, name))
      return is_right_side(attribute->f());
    if (node.input_size() <= slot || node.input(slot).empty()) return true;
    float bound = 0;
    const onnx::TensorProto* tensor = Weight(node.input(slot));
    return tensor != nullptr && ReadScalar(*tensor, &bound) && is_right_side(bound);
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
    const onnx::NodeProto* sigmoid = Producer(node.input(gate), nullptr);
    const std::string& x = node.input(1 - gate);
    if (sigmoid == nullptr || sigmoid->input_size() != 1 || sigmoid->input(0) != x) continue;
    if (sigmoid->op_type() != "Sigmoid" && sigmoid->op_type() != "HardSigmoid") continue;
    const auto reads = index_->reads.find(x);
    if (!IsReadOnlyOnce(node.input(gate)) || reads == index_->reads.end()) return false;
    *input = x;
    return reads->second == 2;
  }
  return false;
}

bool WeightZeroer::Plan(const std::string& layer, int64_t unit, int64_t units, bool is_axis_1,
                        bool is_last_axis, std::vector<Zeroing>* plan) const {
  std::string value = layer;
  for (int depth = 0; depth < kDeepest; ++depth) {
    int index = 0;
    const onnx::NodeProto* node = Producer(value, &index);
    if (node == nullptr || node->input_size() == 0 || node->output(0) != value) return false;
    std::string next;
    bool is_swish = false;
    if (node->op_type() == "Flatten" && Integer(*node, "axis", 1) == 1 && is_axis_1) {
      // [N, units, 1, 1]: in any other case the weights have another number of channels.
      if (ChannelsOf(node->input(0), 0) != units) return false;
      is_last_axis = false;
      next = node->input(0);
    } else if (KeepsZero(*node)) {
      next = node->input(0);
    } else if (IsSwish(*node, &next)) {
      is_swish = true;
    } else {
      return PlanNode(index, unit, units, is_axis_1, is_last_axis, plan);
    }
    if ((!is_swish && !IsReadOnlyOnce(next)) || edited_.contains(next)) return false;
    value = next;
  }
  return false;
}

bool WeightZeroer::PlanNode(int index, int64_t unit, int64_t units, bool is_axis_1,
                            bool is_last_axis, std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = model_->graph().node(index);
  const std::string& op = node.op_type();
  if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
  if (is_axis_1) {
    if (op == "Conv") return PlanConvolution(index, unit, units, plan);
    if (op == "ConvTranspose") return PlanTransposed(index, unit, units, plan);
    if (op == "BatchNormalization") return PlanVectors(index, {1, 2}, unit, units, plan);
    if (op == "Concat" && Integer(node, "axis", 0) == 1) {
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
                              std::vector<Zeroing>* plan) const {
  int64_t first = 0;
  for (const std::string& part : node.input()) {
    const int64_t channels = ChannelsOf(part, 0);
    if (channels < 0) return false;
    if (unit < first + channels) {
      if (!IsReadOnlyOnce(part) || edited_.contains(part)) return false;
      return Plan(part, unit - first, channels, true, is_last_axis, plan);
    }
    first += channels;
  }
  return false;
}

/// One number per unit in each of the inputs `slots`; inputs that are left out need nothing.
bool WeightZeroer::PlanVectors(int index, const std::vector<int>& slots, int64_t unit,
                               int64_t units, std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = model_->graph().node(index);
  for (const int slot : slots) {
    if (slot >= node.input_size() || node.input(slot).empty()) continue;
    if (ElementsOf(node.input(slot)) != units || !CanBeChanged(node.input(slot))) return false;
    plan->push_back({index, slot, {unit}});
  }
  return true;
}

bool WeightZeroer::PlanConvolution(int index, int64_t unit, int64_t units,
                                   std::vector<Zeroing>* plan) const {
  if (model_->graph().node(index).input_size() < 2) return false;
  const std::string& weight = model_->graph().node(index).input(1);
  if (!CanBeChanged(weight) || Weight(weight)->dims_size() < 3) return false;
  if (Weight(weight)->dims(0) != units) return false;
  const int64_t size = ElementsOf(weight) / units;
  plan->push_back({index, 1, Every(unit * size, size, 1)});
  return PlanVectors(index, {2}, unit, units, plan);
}

/// Weights [in, out / groups, h, w].
bool WeightZeroer::PlanTransposed(int index, int64_t unit, int64_t units,
                                  std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = model_->graph().node(index);
  const int64_t groups = Integer(node, "group", 1);
  if (node.input_size() < 2 || groups < 1 || !CanBeChanged(node.input(1))) return false;
  const onnx::TensorProto& weight = *Weight(node.input(1));
  if (weight.dims_size() < 3) return false;
  const int64_t out = weight.dims(1);
  const int64_t in = weight.dims(0) / groups;
  if (out < 1 || in < 1 || out * groups != units) return false;
  const int64_t size = Count(weight) / (weight.dims(0) * out);
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
  const onnx::NodeProto& node = model_->graph().node(index);
  if (node.input_size() < 2 || !CanBeChanged(node.input(1))) return false;
  const onnx::TensorProto& weight = *Weight(node.input(1));
  if (weight.dims_size() != 2) return false;
  const bool is_transposed = node.op_type() == "Gemm" && Integer(node, "transB", 0) != 0;
  const int64_t in = weight.dims(is_transposed ? 1 : 0);
  if (weight.dims(is_transposed ? 0 : 1) != units) return false;
  plan->push_back({index, 1, is_transposed ? Every(unit * in, in, 1) : Every(unit, in, units)});
  return node.op_type() == "MatMul" || PlanVectors(index, {2}, unit, units, plan);
}

/// MatMul + bias, as exporters write linear layers on tokens.
bool WeightZeroer::PlanBiasedProduct(int index, int64_t unit, int64_t units,
                                     std::vector<Zeroing>* plan) const {
  const onnx::NodeProto& node = model_->graph().node(index);
  if (node.input_size() != 2) return false;
  for (const int slot : {0, 1}) {
    const std::string& product = node.input(1 - slot);
    int producer = 0;
    const onnx::NodeProto* matmul = Producer(product, &producer);
    if (matmul == nullptr || matmul->op_type() != "MatMul") continue;
    const onnx::TensorProto* bias = Weight(node.input(slot));
    if (bias == nullptr || bias->dims_size() < 1 || bias->dims(bias->dims_size() - 1) != units) {
      continue;
    }
    return IsReadOnlyOnce(product) && !edited_.contains(product) &&
           PlanVectors(index, {slot}, unit, units, plan) &&
           PlanProduct(producer, unit, units, plan);
  }
  return false;
}

void WeightZeroer::Apply(const Zeroing& zeroing) {
  onnx::GraphProto* graph = model_->mutable_graph();
  std::string name = graph->node(zeroing.node).input(zeroing.slot);
  if (index_->initializers.contains(name) && !IsReadOnlyOnce(name)) {
    onnx::TensorProto copy = graph->initializer(index_->initializers.at(name));
    --index_->reads[name];
    name = FreshNames(*graph).Of(name + "/edited");
    copy.set_name(name);
    AddInitializer(std::move(copy), model_);
    index_->initializers[name] = graph->initializer_size() - 1;
    index_->reads[name] = 1;
    graph->mutable_node(zeroing.node)->set_input(zeroing.slot, name);
  }
  while (!index_->initializers.contains(name)) {
    onnx::NodeProto* node = graph->mutable_node(index_->producers.at(name));
    if (node->op_type() == "Constant") {
      for (auto& attribute : *node->mutable_attribute()) {
        if (attribute.has_t()) ZeroElements(zeroing.elements, attribute.mutable_t());
      }
      return;
    }
    name = node->input(0);
  }
  ZeroElements(zeroing.elements, graph->mutable_initializer(index_->initializers.at(name)));
}

}  // namespace milan
