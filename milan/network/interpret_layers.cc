#include "milan/network/interpret_layers.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/base/error.h"
#include "milan/network/activation_stage.h"
#include "milan/network/batch_of_one.h"
#include "milan/network/module_path.h"
#include "milan/network/proposals.h"
#include "milan/network/token_positions.h"
#include "milan/network/value_graph.h"

namespace milan {
namespace {

bool IsImageLike(const Layer& layer) {
  return layer.layout == Layout::kMap ||
         (layer.layout == Layout::kVector && layer.shape.size() == 4);
}

/// [heads, tokens, tokens], or with a leading 1.
bool IsSquarePerHead(const Layer& layer) {
  const Shape& shape = layer.shape;
  const size_t rank = shape.size();
  const bool has_batch = rank == 4 && shape[0] == 1;
  return (rank == 3 || has_batch) && shape[rank - 1] == shape[rank - 2] && shape[rank - 1] > 1;
}

/// [1, tokens, units].
bool IsTokenRows(const Layer& layer) { return layer.shape.size() == 3 && layer.shape[0] == 1; }

/// Probabilities over the last axis, that of the keys.
bool IsAttention(const ValueGraph& graph, const Layer& layer) {
  const size_t place = graph.Find(layer.name);
  if (layer.op_type != "Softmax" || place == graph.size() || !IsSquarePerHead(layer)) return false;
  const int64_t axis = IntegerOf(*graph[place].node, "axis", -1);
  return axis == -1 || axis + 1 == std::ssize(layer.shape);
}

/// Decides how values without an image's arrangement become maps.
class ViewFinder {
 public:
  ViewFinder(const ValueGraph& graph, const std::vector<Layer>& layers, const TokenOptions& options,
             int64_t batch)
      : graph_(graph), options_(options), batch_(batch) {
    std::vector<Shape> shapes(graph.size());
    std::vector<bool> is_image(graph.size(), false);
    for (const Layer& layer : layers) {
      const size_t place = graph.Find(layer.name);
      if (place == graph.size()) continue;
      shapes[place] = layer.shape;
      is_image[place] = IsImageLike(layer);
    }
    const auto positions = FollowTokens(graph, shapes, is_image);
    for (size_t i = 0; i < graph.size(); ++i) {
      if (positions[i]) positions_.emplace(graph[i].name, *positions[i]);
    }
  }

  void Set(Layer& layer) {
    if (layer.layout == Layout::kMap) layer.view.layout = Layout::kMap;
    if (layer.layout == Layout::kVector) layer.view.layout = Layout::kVector;
    const bool may_be_rows = layer.layout == Layout::kVector && layer.shape.size() == 2;
    if (layer.layout != Layout::kOther && !may_be_rows) return;
    if (layer.shape.empty() || ElementCount(layer.shape) == 0) return;
    if (IsAttention(graph_, layer)) return SetHeads(layer);
    SetTokens(layer);
  }

  /// Refuses options that nothing could be done with.
  void RequireFit(const std::vector<Layer>& layers) const {
    if (!options_.grid || has_given_) return;
    std::set<int64_t> sizes;
    for (const Layer& layer : layers) {
      if (IsTokenRows(layer) && layer.shape[2] > 1) sizes.insert(layer.shape[1]);
    }
    if (sizes.empty()) throw UsageError("--grid: the network has no layer of tokens");
    throw UsageError(
        fmt::format("--grid {}x{} with {} special tokens makes {} tokens, but layers have {}",
                    (*options_.grid)[0], (*options_.grid)[1], options_.special_tokens,
                    Given().Tokens(), fmt::join(sizes, ", ")));
  }

 private:
  TokenGrid Given() const {
    TokenGrid grid{(*options_.grid)[0], (*options_.grid)[1], 0, 0};
    (options_.special_last ? grid.after : grid.before) = options_.special_tokens;
    return grid;
  }

  std::optional<TokenGrid> GivenFor(int64_t tokens) {
    if (!options_.grid || Given().Tokens() != tokens) return {};
    has_given_ = true;
    return Given();
  }

  void SetHeads(Layer& layer) {
    const int64_t tokens = layer.shape.back();
    if (batch_ > 1 && layer.shape.size() == 3) {
      layer.problem = fmt::format(
          "{} has the heads of {} photos, since the network's file fixes a batch of {}; export it "
          "with a batch of 1",
          ToString(layer.shape), batch_, batch_);
      return;
    }
    std::optional<TokenGrid> grid = GivenFor(tokens);
    const auto followed = positions_.find(layer.name);
    if (!grid && followed != positions_.end() && followed->second.grid.Tokens() == tokens) {
      grid = followed->second.grid;
    }
    if (!grid) {
      layer.problem = Question(layer, tokens);
      return;
    }
    const bool has_special = grid->before + grid->after > 0;
    const AttentionFrom attention = options_.attention.value_or(
        has_special ? AttentionFrom::kClassToken : AttentionFrom::kMean);
    if (attention == AttentionFrom::kClassToken && !has_special) {
      layer.problem = "has no class token; --attention mean shows the mean over the patches";
      return;
    }
    const int64_t heads = ElementCount(layer.shape) / (tokens * tokens);
    Become({Layout::kHeads, *grid, attention}, heads, layer);
  }

  void SetTokens(Layer& layer) {
    const auto followed = positions_.find(layer.name);
    if (IsTokenRows(layer)) {
      if (const auto grid = GivenFor(layer.shape[1])) {
        return Become({Layout::kTokens, *grid, {}}, layer.shape[2], layer);
      }
    }
    if (followed == positions_.end()) {
      if (layer.layout == Layout::kOther) layer.problem = Question(layer, 0);
      return;
    }
    const TokenPositions& positions = followed->second;
    const size_t end = positions.first + positions.count;
    const auto begin = layer.shape.begin();
    const bool is_first = std::all_of(begin, begin + static_cast<std::ptrdiff_t>(positions.first),
                                      [](int64_t size) { return size == 1; });
    // A mask or mean of one number per token has no channels.
    if (!is_first || end + 1 != layer.shape.size()) {
      if (layer.layout == Layout::kOther) {
        layer.problem =
            fmt::format("{} has no single axis of units beside its tokens", ToString(layer.shape));
      }
      return;
    }
    const bool is_nhwc = positions.count == 2 && positions.first == 1 &&
                         layer.shape[1] == positions.grid.height &&
                         layer.shape[2] == positions.grid.width;
    Become({is_nhwc ? Layout::kNhwc : Layout::kTokens, positions.grid, {}}, layer.shape.back(),
           layer);
  }

  static void Become(const LayerView& view, int64_t units, Layer& layer) {
    layer.layout = view.layout;
    layer.view = view;
    layer.units = units;
    layer.height = view.grid.height;
    layer.width = view.grid.width;
    layer.problem.clear();
  }

  std::string Question(const Layer& layer, int64_t tokens) const {
    if (tokens == 0 && IsTokenRows(layer)) tokens = layer.shape[1];
    const bool is_askable = tokens > 1 && (IsTokenRows(layer) || IsAttention(graph_, layer));
    if (!is_askable) {
      return fmt::format("{} is no map, no tokens that could be followed from a map, no vector",
                         ToString(layer.shape));
    }
    if (options_.grid) {
      return fmt::format("{} has {} tokens; --grid and --special-tokens make {}",
                         ToString(layer.shape), tokens, Given().Tokens());
    }
    return fmt::format(
        "how its {} tokens lie on the photo is not evident from the network; say "
        "--grid HEIGHTxWIDTH and --special-tokens N",
        tokens);
  }

  const ValueGraph& graph_;
  const TokenOptions& options_;
  int64_t batch_ = 1;
  std::unordered_map<std::string, TokenPositions> positions_;
  bool has_given_ = false;
};

std::string TextOf(const Stage& stage, bool is_folded) {
  std::string text;
  if (is_folded) text = "after BatchNorm";
  if (!stage.after.empty()) text = "after " + stage.after;
  if (!stage.before.empty()) text += (text.empty() ? "before " : ", before ") + stage.before;
  return text;
}

/// Of each value the modules that it is an output of, the outermost first.
class ModuleOutputs {
 public:
  ModuleOutputs(const ValueGraph& graph, const onnx::ModelProto& model)
      : graph_(graph), modules_(ModulesOfValues(model)) {}

  const std::string& Innermost(size_t i) const {
    static const std::string kOutermost;
    const auto module = modules_.find(graph_[i].name);
    return module == modules_.end() ? kOutermost : module->second;
  }

  std::vector<std::string> Of(size_t i) const {
    std::vector<std::string> outputs;
    const GraphValue& value = graph_[i];
    if (Innermost(i).empty()) return outputs;
    for (const std::string& module : EnclosingModules(Innermost(i))) {
      const bool leaves = value.is_output || value.readers.empty() ||
                          std::any_of(value.readers.begin(), value.readers.end(),
                                      [&](size_t r) { return !IsInModule(Innermost(r), module); });
      if (!leaves) break;
      outputs.insert(outputs.begin(), module);
    }
    return outputs;
  }

 private:
  const ValueGraph& graph_;
  std::unordered_map<std::string, std::string> modules_;
};

}  // namespace

std::vector<Layer> InterpretLayers(const Network& network, std::vector<Layer> layers,
                                   const TokenOptions& options) {
  const ValueGraph graph(network);
  ViewFinder views(graph, layers, options, FixedBatch(network));
  const std::vector<Stage> stages = FindStages(graph);
  const ModuleOutputs modules(graph, network.model());
  const std::vector<std::string> folded = FoldedConvolutions(network.model());
  const std::unordered_set<std::string> is_folded(folded.begin(), folded.end());
  for (Layer& layer : layers) {
    views.Set(layer);
    const size_t i = graph.Find(layer.name);
    if (i == graph.size()) continue;
    layer.modules = modules.Of(i);
    layer.stage = TextOf(stages[i], is_folded.contains(layer.name));
    layer.is_activated = stages[i].is_activated;
    if (is_folded.contains(layer.name)) {
      // The convolution's own output is not in the file.
      layer.folded_module = modules.Innermost(i);
      layer.has_folded_norm = true;
      if (!layer.modules.empty() && layer.modules.back() == layer.folded_module) {
        layer.modules.pop_back();
      }
    }
  }
  views.RequireFit(layers);
  std::vector<std::string> innermost;
  for (size_t i = 0; i < graph.size(); ++i) innermost.push_back(modules.Innermost(i));
  MarkProposals(graph, stages, innermost, layers);
  return layers;
}

Network TapLayers(const Network& network, const std::vector<Layer>& layers) {
  std::vector<ViewedValue> values;
  for (const Layer& layer : layers) values.push_back({layer.name, layer.view});
  return TapViews(network, values);
}

}  // namespace milan
