#include "milan/network/proposals.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "milan/network/module_path.h"

namespace milan {
namespace {

/// Values on a way from the input to the network's last output.
std::vector<bool> OnTheWay(const ValueGraph& graph) {
  std::vector<bool> is_on_way(graph.size(), false);
  for (size_t i = graph.size(); i-- > 0;) {
    if (graph[i].is_output) {
      is_on_way[i] = true;
      break;
    }
  }
  for (size_t i = graph.size(); i-- > 0;) {
    if (!is_on_way[i]) continue;
    for (const size_t read : graph[i].reads) is_on_way[read] = true;
  }
  return is_on_way;
}

/// Values that every way from the input to the output passes: no earlier value is read after them.
std::vector<bool> Passages(const ValueGraph& graph) {
  const std::vector<bool> is_on_way = OnTheWay(graph);
  std::vector<bool> is_passage(graph.size(), false);
  size_t last_read = 0;  // of all values before, and of the input
  for (size_t i = 0; i < graph.size(); ++i) {
    if (graph[i].reads_input && is_on_way[i]) last_read = i;
  }
  for (size_t i = 0; i < graph.size(); ++i) {
    if (!is_on_way[i]) continue;
    is_passage[i] = last_read <= i;
    for (const size_t reader : graph[i].readers) {
      if (is_on_way[reader]) last_read = std::max(last_read, reader);
    }
  }
  return is_passage;
}

/// Modules that hold several convolutions or products, by what the file tells of modules.
class Blocks {
 public:
  /// `modules`: the innermost one of each value.
  Blocks(const ValueGraph& graph, const std::vector<std::string>& modules,
         const std::vector<bool>& is_passage) {
    for (size_t i = 0; i < graph.size(); ++i) {
      if (!IsLinear(graph[i])) continue;
      for (const std::string& module : EnclosingModules(modules[i])) ++linear_counts_[module];
    }
    for (size_t i = 0; i < graph.size(); ++i) {
      if (IsLinear(graph[i]) && !is_passage[i]) branched_.insert(BlockOf(modules[i]));
    }
  }

  bool IsBlock(const std::string& module) const {
    const auto count = linear_counts_.find(module);
    return count != linear_counts_.end() && count->second > 1;
  }

  /// Inside of a module that has branches of its own, as the squeezing layer of SqueezeNet's.
  bool IsInside(const std::string& module) const {
    const std::string block = BlockOf(module);
    return !block.empty() && branched_.contains(block);
  }

 private:
  /// The innermost block around a module; empty when that is the network.
  std::string BlockOf(const std::string& module) const {
    for (const std::string& around : EnclosingModules(module)) {
      if (IsBlock(around)) return around;
    }
    return "";
  }

  std::unordered_map<std::string, int> linear_counts_;
  std::unordered_set<std::string> branched_;
};

}  // namespace

void MarkProposals(const ValueGraph& graph, const std::vector<Stage>& stages,
                   const std::vector<std::string>& modules, std::vector<Layer>& layers) {
  const std::vector<bool> is_passage = Passages(graph);
  const Blocks blocks(graph, modules, is_passage);
  std::unordered_set<std::string> defaults;
  for (const Layer& layer : DefaultLayers(layers)) defaults.insert(layer.name);
  bool is_after_linear = false;  // what comes before scales the photo's own channels
  for (Layer& layer : layers) {
    const size_t i = graph.Find(layer.name);
    if (i == graph.size()) continue;
    const GraphValue& value = graph[i];
    is_after_linear = is_after_linear || IsLinear(value);
    if (!layer.IsDescribable()) continue;
    const bool is_pooled = IsPooling(value.op_type) || value.op_type.starts_with("Reduce");
    const bool is_moved = is_pooled || IsCopy(value.op_type) || IsRearranging(value.op_type);
    const bool ends_block =
        std::any_of(layer.modules.begin(), layer.modules.end(),
                    [&](const std::string& module) { return blocks.IsBlock(module); });
    const bool is_between_blocks = is_passage[i] && !blocks.IsInside(modules[i]);
    const bool is_hidden =
        layer.is_activated && (layer.layout == Layout::kTokens || layer.layout == Layout::kNhwc);
    layer.is_proposed = defaults.contains(layer.name) || layer.layout == Layout::kHeads ||
                        (is_after_linear && !is_moved && !stages[i].is_step &&
                         (is_between_blocks || ends_block || is_hidden));
  }
}

}  // namespace milan
