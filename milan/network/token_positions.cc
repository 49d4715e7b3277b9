#include "milan/network/token_positions.h"

#include <algorithm>
#include <limits>
#include <unordered_set>

#include <onnx/onnx_pb.h>

namespace milan {
namespace {

using Positions = std::optional<TokenPositions>;

int64_t Product(const Shape& shape, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i) product *= shape[i];
  return product;
}

bool IsReshape(std::string_view op_type) {
  static const std::unordered_set<std::string_view> kReshapes = {"Flatten", "Reshape", "Squeeze",
                                                                 "Unsqueeze"};
  return kReshapes.contains(op_type);
}

/// Operators whose output may be of the input's shape but in another order.
bool IsSorting(std::string_view op_type) {
  static const std::unordered_set<std::string_view> kSorting = {
      "Compress", "GatherElements", "GridSample", "NonZero",         "OneHot",
      "RoiAlign", "TopK",           "Unique",     "ReverseSequence", "ScatterElements"};
  return kSorting.contains(op_type);
}

/// The axes of `to` that hold the elements of the positions' axes in `from`: those with as many
/// elements before them and inside.
Positions Reshaped(const TokenPositions& positions, const Shape& from, const Shape& to) {
  const int64_t before = Product(from, 0, positions.first);
  const int64_t tokens = Product(from, positions.first, positions.first + positions.count);
  TokenPositions result = positions;
  size_t axis = 0;
  int64_t product = 1;
  while (axis < to.size() && product < before) product *= to[axis++];
  while (axis < to.size() && to[axis] == 1) ++axis;
  if (product != before) return {};
  result.first = axis;
  product = 1;
  while (axis < to.size() && product < tokens) product *= to[axis++];
  if (product != tokens) return {};
  result.count = axis - result.first;
  return result;
}

Positions Transposed(const TokenPositions& positions, const onnx::NodeProto& node, size_t rank) {
  std::vector<int64_t> order = IntegersOf(node, "perm");
  if (order.empty()) {
    for (size_t i = rank; i-- > 0;) order.push_back(static_cast<int64_t>(i));
  }
  const auto place = std::find(order.begin(), order.end(), static_cast<int64_t>(positions.first));
  const auto first = static_cast<size_t>(place - order.begin());
  for (size_t i = 0; i < positions.count; ++i) {
    const bool is_next =
        first + i < order.size() && order[first + i] == static_cast<int64_t>(positions.first + i);
    if (!is_next) return {};
  }
  TokenPositions result = positions;
  result.first = first;
  return result;
}

/// Operators whose output's axes are those of the input, counted from the last.
Positions Aligned(const TokenPositions& positions, const Shape& from, const Shape& to) {
  if (to.size() < from.size()) return {};
  TokenPositions result = positions;
  result.first += to.size() - from.size();
  for (size_t i = 0; i < positions.count; ++i) {
    if (to[result.first + i] != from[positions.first + i]) return {};
  }
  return result;
}

size_t AxisOf(const onnx::NodeProto& node, size_t rank, int64_t missing) {
  const int64_t axis = IntegerOf(node, "axis", missing);
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

bool IsInside(size_t axis, const TokenPositions& positions) {
  return axis >= positions.first && axis < positions.first + positions.count;
}

/// One element along an axis, as of [3, 1, heads, tokens, channels].
Positions Gathered(const TokenPositions& positions, const onnx::NodeProto& node, const Shape& from,
                   const Shape& to) {
  const size_t axis = AxisOf(node, from.size(), 0);
  if (IsInside(axis, positions)) return {};
  if (to.size() == from.size()) return Aligned(positions, from, to);
  if (to.size() + 1 != from.size()) return {};
  TokenPositions result = positions;
  if (axis < positions.first) --result.first;
  return result;
}

struct SliceRange {
  size_t axis = 0;
  int64_t start = 0;
  int64_t end = 0;
  int64_t step = 1;
};

/// Empty when they depend on the photo, or are not those of a slice.
std::vector<SliceRange> RangesOf(const onnx::NodeProto& node, const ValueGraph& graph,
                                 const Shape& from) {
  bool is_known = true;
  const auto argument = [&](int input, std::string_view attribute) {
    if (node.input_size() <= input) return IntegersOf(node, attribute);
    if (node.input(input).empty()) return std::vector<int64_t>();
    std::vector<int64_t> integers = graph.ConstantIntegers(node.input(input));
    is_known = is_known && !integers.empty();
    return integers;
  };
  const std::vector<int64_t> starts = argument(1, "starts");
  const std::vector<int64_t> ends = argument(2, "ends");
  std::vector<int64_t> axes = argument(3, "axes");
  const std::vector<int64_t> steps = argument(4, "steps");
  std::vector<SliceRange> ranges;
  if (!is_known || starts.empty() || starts.size() != ends.size()) return ranges;
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = i < axes.size() ? axes[i] : static_cast<int64_t>(i);
    if (axis < 0) axis += static_cast<int64_t>(from.size());
    if (axis < 0 || axis >= static_cast<int64_t>(from.size())) return {};
    const int64_t size = from[static_cast<size_t>(axis)];
    const auto clamped = [&](int64_t place) {
      return std::clamp(place < 0 ? place + size : place, int64_t{0}, size);
    };
    ranges.push_back({static_cast<size_t>(axis), clamped(starts[i]), clamped(ends[i]),
                      i < steps.size() ? steps[i] : 1});
  }
  return ranges;
}

/// A step backwards turns an axis around.
bool IsForward(const onnx::NodeProto& node, const ValueGraph& graph) {
  constexpr int kSteps = 4;
  if (node.input_size() <= kSteps || node.input(kSteps).empty()) return true;
  const std::vector<int64_t> steps = graph.ConstantIntegers(node.input(kSteps));
  return !steps.empty() && *std::min_element(steps.begin(), steps.end()) > 0;
}

/// Without special tokens, or every n-th row or column of a map.
Positions Sliced(const TokenPositions& positions, const onnx::NodeProto& node,
                 const ValueGraph& graph, const Shape& from, const Shape& to) {
  if (IsForward(node, graph)) {
    // What is as long as before is the whole, wherever the slice begins.
    if (const Positions same = Aligned(positions, from, to); same) return same;
  }
  TokenPositions result = positions;
  TokenGrid& grid = result.grid;
  const std::vector<SliceRange> ranges = RangesOf(node, graph, from);
  if (ranges.empty()) return {};
  for (const SliceRange& range : ranges) {
    if (!IsInside(range.axis, positions)) continue;
    if (range.step == 1 && to[range.axis] == from[range.axis]) continue;
    if (positions.count == 2 && grid.Patches() == grid.Tokens() && range.step > 1) {
      (range.axis == positions.first ? grid.height : grid.width) = to[range.axis];
      if ((from[range.axis] - 1) / range.step + 1 != to[range.axis]) return {};
    } else if (positions.count == 1 && range.step == 1 && range.start <= grid.before &&
               range.end >= grid.before + grid.Patches()) {
      grid.after = range.end - grid.before - grid.Patches();
      grid.before -= range.start;
    } else {
      return {};
    }
  }
  return result;
}

class TokenFollower {
 public:
  TokenFollower(const ValueGraph& graph, const std::vector<Shape>& shapes,
                const std::vector<bool>& is_image)
      : graph_(graph), shapes_(shapes), is_image_(is_image), positions_(graph.size()) {}

  std::vector<Positions> Follow() {
    for (size_t i = 0; i < graph_.size(); ++i) positions_[i] = PositionsOf(i);
    for (size_t i = graph_.size(); i-- > 0;) SpreadToSummands(i);
    return positions_;
  }

 private:
  Positions PositionsOf(size_t i) const {
    const Shape& shape = shapes_[i];
    if (shape.empty()) return {};
    if (is_image_[i]) {
      const bool is_map = shape.size() == 4 && shape[0] == 1 && shape[2] * shape[3] > 1;
      return is_map ? Positions({{shape[2], shape[3], 0, 0}, 2, 2}) : Positions();
    }
    if (graph_[i].op_type == "Concat") return Joined(i);
    Positions found;
    for (const size_t read : graph_[i].reads) {
      if (!positions_[read] || shapes_[read].empty()) continue;
      const Positions carried = Carried(i, read);
      if (!carried) continue;
      // Two grids of one size, or the rows of one and the columns of another, would be told apart
      // by nothing.
      const bool is_same =
          !found || (found->grid == carried->grid && found->first == carried->first &&
                     found->count == carried->count);
      if (!is_same) return {};
      if (!found) found = carried;
    }
    return found;
  }

  /// What is added to tokens is arranged as they are: the result of windows put together again.
  void SpreadToSummands(size_t i) {
    if (graph_[i].op_type != "Add" || !positions_[i]) return;
    for (const size_t read : graph_[i].reads) {
      if (!positions_[read] && !is_image_[read] && shapes_[read] == shapes_[i]) {
        positions_[read] = positions_[i];
      }
    }
  }

  Positions Carried(size_t i, size_t read) const {
    const GraphValue& value = graph_[i];
    const TokenPositions& positions = *positions_[read];
    const Shape& from = shapes_[read];
    const Shape& to = shapes_[i];
    if (IsReshape(value.op_type)) return Reshaped(positions, from, to);
    if (value.op_type == "Transpose") return Transposed(positions, *value.node, from.size());
    if (value.op_type == "Gather") return Gathered(positions, *value.node, from, to);
    if (value.op_type == "Slice") return Sliced(positions, *value.node, graph_, from, to);
    if (value.op_type == "MatMul" || value.op_type == "Gemm") {
      // The rows of the first factor stay; its last axis, and the other's rows, are summed over.
      const bool is_first = value.node->input(0) == graph_[read].name;
      const bool has_rows = positions.first + positions.count < from.size();
      if (!is_first || !has_rows || IntegerOf(*value.node, "transA", 0) != 0) return {};
      return Aligned(positions, from, to);
    }
    if (IsRearranging(value.op_type) || IsSorting(value.op_type) || IsConvolution(value.op_type) ||
        IsPooling(value.op_type)) {
      return {};
    }
    return Aligned(positions, from, to);
  }

  /// Along the positions: special tokens come before or after them.
  Positions Joined(size_t i) const {
    const onnx::NodeProto& node = *graph_[i].node;
    const Shape& to = shapes_[i];
    const size_t axis = AxisOf(node, to.size(), 1);
    int64_t place = -1;
    for (int k = 0; k < node.input_size(); ++k) {
      const size_t read = graph_.Find(node.input(k));
      if (read == graph_.size() || !positions_[read]) continue;
      if (!IsInside(axis, *positions_[read])) return Carried(i, read);
      if (place >= 0) return {};
      place = k;
    }
    if (place < 0) return {};
    const size_t read = graph_.Find(node.input(static_cast<int>(place)));
    TokenPositions result = *positions_[read];
    if (result.count != 1) return {};
    const int64_t added = to[axis] - shapes_[read][axis];
    const int64_t before = LengthBefore(node, place, axis, added);
    if (before < 0) return {};
    result.grid.before += before;
    result.grid.after += added - before;
    return result;
  }

  /// How many tokens the inputs before the `place`-th have; -1 when that is not known.
  int64_t LengthBefore(const onnx::NodeProto& node, int64_t place, size_t axis,
                       int64_t added) const {
    if (place == 0) return 0;
    if (place == node.input_size() - 1) return added;
    int64_t length = 0;
    for (int k = 0; k < place; ++k) {
      const size_t read = graph_.Find(node.input(k));
      const Shape shape = read < graph_.size() ? shapes_[read] : graph_.WeightShape(node.input(k));
      if (axis >= shape.size()) return -1;
      length += shape[axis];
    }
    return length;
  }

  const ValueGraph& graph_;
  const std::vector<Shape>& shapes_;
  const std::vector<bool>& is_image_;
  std::vector<Positions> positions_;
};

}  // namespace

std::vector<std::optional<TokenPositions>> FollowTokens(const ValueGraph& graph,
                                                        const std::vector<Shape>& shapes,
                                                        const std::vector<bool>& is_image) {
  return TokenFollower(graph, shapes, is_image).Follow();
}

}  // namespace milan
