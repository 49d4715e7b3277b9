#include "milan/network/layout.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace milan {
namespace {

/// Operators defined for [batch, channels, height, width]. Substrings, so that fused operators of
/// other domains (FusedConv, NhwcMaxPool) count as what they are.
bool IsImageOperator(std::string_view op_type) {
  for (const std::string_view part : {"Conv", "Pool"}) {
    if (op_type.find(part) != std::string_view::npos) return true;
  }
  static const std::unordered_set<std::string_view> kOthers = {
      "DepthToSpace", "GridSample", "GroupNormalization", "InstanceNormalization",
      "LRN",          "RoiAlign",   "SpaceToDepth",       "Upsample"};
  return kOthers.contains(op_type);
}

/// Operators after which the second size need not mean channels any more.
bool Rearranges(std::string_view op_type) {
  static const std::unordered_set<std::string_view> kRearranging = {
      "Attention", "Einsum",    "Expand", "Flatten",  "Gather",   "Gemm",
      "If",        "Loop",      "MatMul", "Reshape",  "Scan",     "SequenceAt",
      "Squeeze",   "Transpose", "Tile",   "GatherND", "Unsqueeze"};
  return kRearranging.contains(op_type);
}

class ImageLike {
 public:
  ImageLike(const std::vector<ComputedValue>& values, const std::vector<Shape>& shapes)
      : values_(values), shapes_(shapes), is_image_(values.size(), false) {
    for (size_t i = 0; i < values.size(); ++i) index_.emplace(values[i].name, i);
  }

  std::vector<bool> Find() {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (!IsImageOperator(values_[i].op_type)) continue;
      Mark(i);
      // Its first input is the image; the others are weights.
      if (!values_[i].inputs.empty()) MarkName(values_[i].inputs.front());
    }
    // Backwards from what image operators read, then forwards from what they compute.
    for (size_t i = values_.size(); i-- > 0;) SpreadToInputs(i);
    for (size_t i = 0; i < values_.size(); ++i) SpreadFromInputs(i);
    return is_image_;
  }

 private:
  void Mark(size_t i) { is_image_[i] = shapes_[i].size() == 4; }

  void MarkName(const std::string& name) {
    if (const auto found = index_.find(name); found != index_.end()) Mark(found->second);
  }

  void SpreadToInputs(size_t i) {
    if (!is_image_[i] || Rearranges(values_[i].op_type)) return;
    for (const std::string& name : values_[i].inputs) MarkName(name);
  }

  void SpreadFromInputs(size_t i) {
    if (is_image_[i] || Rearranges(values_[i].op_type)) return;
    for (const std::string& name : values_[i].inputs) {
      const auto found = index_.find(name);
      if (found != index_.end() && is_image_[found->second]) Mark(i);
    }
  }

  const std::vector<ComputedValue>& values_;
  const std::vector<Shape>& shapes_;
  std::unordered_map<std::string, size_t> index_;
  std::vector<bool> is_image_;
};

}  // namespace

std::vector<bool> FindImageLike(const std::vector<ComputedValue>& values,
                                const std::vector<Shape>& shapes) {
  return ImageLike(values, shapes).Find();
}

}  // namespace milan
