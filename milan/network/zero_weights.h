#pragma once

// Private to this module.

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include <onnx/onnx_pb.h>

#include "milan/network/gates.h"

namespace milan {

/// Zeroes units of a model by zeroing the weights that compute them.
class WeightZeroer {
 public:
  /// Does not look through values that others edit, `edited`: their units may be anything.
  WeightZeroer(onnx::ModelProto* model, std::unordered_set<std::string> edited);
  ~WeightZeroer();
  WeightZeroer(const WeightZeroer&) = delete;
  WeightZeroer& operator=(const WeightZeroer&) = delete;

  /// Makes one unit of the layer 0 on every input; false, with nothing changed, where weights alone
  /// cannot do it.
  bool Zero(const UnitAxis& axis, int64_t unit);

 private:
  /// Elements to zero in the weights that a node reads as its input number `slot`.
  struct Zeroing {
    int node = 0;
    int slot = 0;
    std::vector<int64_t> elements;
  };
  struct Index;

  const onnx::NodeProto* Producer(const std::string& value, int* index) const;
  bool IsReadOnlyOnce(const std::string& value) const;
  const onnx::TensorProto* Weight(const std::string& value) const;
  int64_t ElementsOf(const std::string& weight) const;
  int64_t ChannelsOf(const std::string& value, int depth) const;
  bool KeepsZero(const onnx::NodeProto& node) const;
  bool IsSwish(const onnx::NodeProto& node, std::string* input) const;
  bool ClipHoldsZero(const onnx::NodeProto& node) const;
  bool Plan(const std::string& value, int64_t unit, int64_t units, bool is_axis_1,
            bool is_last_axis, std::vector<Zeroing>* plan) const;
  bool PlanNode(int node, int64_t unit, int64_t units, bool is_axis_1, bool is_last_axis,
                std::vector<Zeroing>* plan) const;
  bool PlanConcat(const onnx::NodeProto& node, int64_t unit, bool is_last_axis,
                  std::vector<Zeroing>* plan) const;
  bool PlanVectors(int node, const std::vector<int>& slots, int64_t unit, int64_t units,
                   std::vector<Zeroing>* plan) const;
  bool PlanConvolution(int node, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;
  bool PlanTransposed(int node, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;
  bool PlanProduct(int node, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;
  bool PlanBiasedProduct(int node, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;
  bool CanBeChanged(const std::string& weight) const;
  void Apply(const Zeroing& zeroing);

  onnx::ModelProto* model_;
  std::unordered_set<std::string> edited_;
  std::unique_ptr<Index> index_;
};

}  // namespace milan
