#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "milan/network/layer.h"

namespace milan {
namespace {

bool IsConvolution(std::string_view op_type) {
  return op_type.find("Conv") != std::string_view::npos;
}

/// Convolutions and normalisations: a step on the way to the activation that a person would name.
/// Fused operators (FusedConv) hold the activation already.
bool IsIntermediate(std::string_view op_type) {
  return (IsConvolution(op_type) && !op_type.starts_with("Fused")) ||
         op_type.find("Normalization") != std::string_view::npos || op_type == "LRN";
}

/// The values of another layer, moved or copied.
bool IsCopy(std::string_view op_type) {
  static const std::unordered_set<std::string_view> kCopies = {
      "Cast", "Dropout", "Identity", "Pad", "Resize", "Slice", "Split", "Upsample"};
  return kCopies.contains(op_type);
}

bool IsPooling(std::string_view op_type) { return op_type.find("Pool") != std::string_view::npos; }

bool HasMapLike(const std::vector<Layer>& layers, size_t end, const Layer& wanted) {
  return std::any_of(layers.begin(), layers.begin() + static_cast<std::ptrdiff_t>(end),
                     [&](const Layer& layer) {
                       return layer.layout == Layout::kMap && layer.height == wanted.height &&
                              layer.width == wanted.width && !IsPooling(layer.op_type) &&
                              !IsCopy(layer.op_type) && !IsIntermediate(layer.op_type);
                     });
}

/// Where a head without a fully connected layer begins. Maps of one convolution (and its
/// activation) that only pooling separates from the network's answer are the evidence for each
/// class: they have the classes' names already. They count as features when their resolution has no
/// other layer.
size_t BeginOfClassMaps(const std::vector<Layer>& layers) {
  static const std::unordered_set<std::string_view> kPassing = {
      "Flatten", "Reshape", "Softmax", "LogSoftmax", "Squeeze", "ReduceMean", "Identity", "Cast"};
  static const std::unordered_set<std::string_view> kJoining = {"Add", "Concat", "Mul", "Sum"};
  if (layers.empty() || layers.back().layout != Layout::kVector) return layers.size();
  size_t begin = layers.size();
  while (begin > 0 &&
         (kPassing.contains(layers[begin - 1].op_type) || IsPooling(layers[begin - 1].op_type))) {
    --begin;
  }
  for (size_t i = begin; i-- > 0;) {
    const Layer& layer = layers[i];
    const bool may_be_class_map =
        layer.layout == Layout::kMap && layer.units == layers.back().units;
    if (!may_be_class_map || kJoining.contains(layer.op_type)) break;
    if (IsConvolution(layer.op_type)) return HasMapLike(layers, i, layer) ? i : layers.size();
  }
  return layers.size();
}

}  // namespace

std::vector<Layer> DefaultLayers(const std::vector<Layer>& layers) {
  // Per resolution the last proper layer or, where there is none, the last convolution.
  std::map<std::pair<int64_t, int64_t>, size_t> chosen;
  const size_t end = BeginOfClassMaps(layers);
  bool after_convolution = false;  // what comes before scales the photo's own channels
  for (size_t i = 0; i < end; ++i) {
    const Layer& layer = layers[i];
    after_convolution = after_convolution || IsConvolution(layer.op_type);
    // Tokens come from maps by a convolution, or from pixels by a product.
    const bool is_hidden =
        layer.is_activated && (layer.layout == Layout::kTokens || layer.layout == Layout::kNhwc);
    const bool is_candidate = (layer.layout == Layout::kMap && after_convolution &&
                               !IsPooling(layer.op_type) && !IsCopy(layer.op_type)) ||
                              is_hidden;
    if (!is_candidate) continue;
    const auto [place, is_first] = chosen.try_emplace({layer.height, layer.width}, i);
    if (is_first) continue;
    const bool keeps_better =
        IsIntermediate(layer.op_type) && !IsIntermediate(layers[place->second].op_type);
    if (!keeps_better) place->second = i;
  }
  std::map<size_t, const Layer*> in_order;
  for (const auto& [resolution, index] : chosen) in_order.emplace(index, &layers[index]);
  std::vector<Layer> result;
  for (const auto& [index, layer] : in_order) result.push_back(*layer);
  return result;
}

}  // namespace milan
