#pragma once

// Private to this module.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <onnx/onnx_pb.h>

namespace milan {

const onnx::AttributeProto* FindAttribute(const onnx::NodeProto& node, std::string_view name);

/// What reads and computes a model's values, and the numbers behind its weights, which can be
/// zeroed. The model must outlive it; its nodes must stay where they are.
class ModelWeights {
 public:
  explicit ModelWeights(onnx::ModelProto* model);

  const onnx::NodeProto& node(int index) const { return model_->graph().node(index); }
  /// The node that computes a value; null for weights and inputs.
  const onnx::NodeProto* Producer(const std::string& value, int* index = nullptr) const;
  /// By nodes, graphs in them, and as an output of the network.
  int CountReads(const std::string& value) const;
  bool IsReadOnce(const std::string& value) const { return CountReads(value) == 1; }

  /// The numbers behind a weight that is an initializer, a Constant, or either behind Casts; null
  /// for other values.
  const onnx::TensorProto* Find(const std::string& weight) const;
  /// How many there are; -1 when they cannot be changed one by one.
  int64_t CountElementsOf(const std::string& weight) const;
  /// A weight that is read once can be changed where it is; a stored one that others read can be
  /// copied, but not the casts in front of it.
  bool CanBeChanged(const std::string& weight) const;
  /// Zeroes elements of what a node reads as its input number `slot`, for this node alone.
  /// REQUIRES: CanBeChanged, elements below CountElementsOf.
  void Zero(int node, int slot, const std::vector<int64_t>& elements);

 private:
  std::string CopyFor(int node, int slot);

  onnx::ModelProto* model_;
  std::unordered_map<std::string, int> producers_;     ///< Nodes.
  std::unordered_map<std::string, int> initializers_;  ///< Indices.
  std::unordered_map<std::string, int> reads_;         ///< How often each value is read.
};

}  // namespace milan
