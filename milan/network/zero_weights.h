#pragma once

// Private to this module.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "milan/network/gates.h"
#include "milan/network/model_weights.h"

namespace milan {

/// Zeroes units of a model by zeroing the weights that compute them.
class WeightZeroer {
 public:
  /// Does not look through values that others edit, `edited`: their units may be anything.
  WeightZeroer(onnx::ModelProto* model, std::unordered_set<std::string> edited);

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

  int64_t ChannelsOf(const std::string& value, int depth);
  int64_t CountChannels(const std::string& value, int depth);
  bool KeepsZero(const onnx::NodeProto& node) const;
  bool IsSwish(const onnx::NodeProto& node, std::string* input) const;
  bool ClipHoldsZero(const onnx::NodeProto& node) const;
  bool Plan(const std::string& layer, int64_t unit, int64_t units, bool is_axis_1,
            bool is_last_axis, std::vector<Zeroing>* plan);
  bool PlanNode(int index, int64_t unit, int64_t units, bool is_axis_1, bool is_last_axis,
                std::vector<Zeroing>* plan);
  bool PlanConcat(const onnx::NodeProto& node, int64_t unit, bool is_last_axis,
                  std::vector<Zeroing>* plan);
  bool PlanVectors(int index, const std::vector<int>& slots, int64_t unit, int64_t units,
                   std::vector<Zeroing>* plan) const;
  bool PlanConvolution(int index, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;
  bool PlanTransposed(int index, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;
  bool PlanProduct(int index, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;
  bool PlanBiasedProduct(int index, int64_t unit, int64_t units, std::vector<Zeroing>* plan) const;

  ModelWeights weights_;
  std::unordered_set<std::string> edited_;
  std::unordered_map<std::string, int64_t> channels_;  ///< What ChannelsOf has found.
};

}  // namespace milan
