#pragma once

// Private to this module: what is asked of the values that depend on the network's inputs.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/network.h"

namespace onnx {
class NodeProto;
}

namespace milan {

/// A value that depends on the network's inputs; indices are places in ValueGraph::values.
struct GraphValue {
  std::string name;
  std::string op_type;
  const onnx::NodeProto* node = nullptr;
  std::vector<size_t> reads;    ///< Each once.
  std::vector<size_t> readers;  ///< Each once, in order.
  bool reads_input = false;     ///< One of the network's own inputs.
  bool is_output = false;       ///< Of the network.
};

/// The network's values in topological order, without those that are the same for every photo:
/// weights in disguise and sizes. Points into the network's model, which must outlive it.
class ValueGraph {
 public:
  explicit ValueGraph(const Network& network);

  const std::vector<GraphValue>& values() const { return values_; }
  const GraphValue& operator[](size_t i) const { return values_[i]; }
  size_t size() const { return values_.size(); }
  /// Its place, or size() when there is no such value.
  size_t Find(const std::string& name) const;

  /// Elements of a constant tensor of integers, weight or Constant node; empty when `name` is none.
  std::vector<int64_t> ConstantIntegers(const std::string& name) const;
  /// Shape of a weight; empty when `name` is none.
  Shape WeightShape(const std::string& name) const;

 private:
  const onnx::ModelProto& model_;
  std::vector<GraphValue> values_;
  std::unordered_map<std::string, size_t> places_;
};

/// An attribute of integers; `missing` when the node has none of that name.
std::vector<int64_t> IntegersOf(const onnx::NodeProto& node, std::string_view attribute);
int64_t IntegerOf(const onnx::NodeProto& node, std::string_view attribute, int64_t missing);

bool IsConvolution(std::string_view op_type);
/// Convolutions, and products with weights.
bool IsLinear(const GraphValue& value);
bool IsPooling(std::string_view op_type);
/// One number in, one number out.
bool IsActivation(std::string_view op_type);
bool IsNormalization(std::string_view op_type);
/// The values of another layer, moved or copied.
bool IsCopy(std::string_view op_type);
/// Operators after which an axis need not mean what it meant before.
bool IsRearranging(std::string_view op_type);

}  // namespace milan
