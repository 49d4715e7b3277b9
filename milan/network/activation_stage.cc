#include "milan/network/activation_stage.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_set>

namespace milan {
namespace {

bool IsArithmetic(std::string_view op_type) {
  static const std::unordered_set<std::string_view> kArithmetic = {"Add", "Div", "Mul", "Sub"};
  return kArithmetic.contains(op_type);
}

/// Operators that functions of one number, and layer normalisation, are written with.
bool IsPartOfFunction(std::string_view op_type) {
  static const std::unordered_set<std::string_view> kParts = {
      "Erf", "Exp", "Pow", "Min", "Reciprocal", "ReduceMean", "Max", "Sqrt", "Neg", "Cast"};
  return IsArithmetic(op_type) || IsActivation(op_type) || kParts.contains(op_type);
}

bool IsScalingOf(const GraphValue& value) {
  return IsArithmetic(value.op_type) && value.reads.size() == 1 && !value.reads_input;
}

/// A function written as several operators, all of which read only its argument and each other.
struct Function {
  std::string name;
  std::set<size_t> members;
  size_t result = 0;
};

std::string NameOf(const ValueGraph& graph, const std::set<size_t>& members) {
  std::set<std::string_view> ops;
  for (const size_t member : members) ops.insert(graph[member].op_type);
  if (ops.contains("ReduceMean")) {
    const bool is_whole = ops.contains("Sqrt") || ops.contains("Reciprocal");
    return is_whole ? "LayerNormalization" : "";
  }
  if (ops.contains("Erf")) return "Gelu";
  if (ops.contains("Softplus") && ops.contains("Tanh")) return "Mish";
  if (ops.contains("Tanh")) return "Gelu";
  if (ops.contains("Sigmoid")) return "Silu";
  if (ops.contains("Clip") || ops.contains("HardSigmoid")) return "HardSwish";
  return "";
}

/// Nothing but `last` is read from outside of the members and their argument.
bool EndsIn(const ValueGraph& graph, size_t argument, const std::set<size_t>& members,
            size_t last) {
  const auto is_closed = [&](size_t value) {
    const auto& readers = graph[value].readers;
    return !readers.empty() && std::all_of(readers.begin(), readers.end(),
                                           [&](size_t reader) { return members.contains(reader); });
  };
  return std::all_of(members.begin(), members.end(),
                     [&](size_t member) { return member == last || is_closed(member); }) &&
         std::any_of(graph[argument].readers.begin(), graph[argument].readers.end(),
                     [&](size_t reader) { return members.contains(reader); });
}

/// Factors and offsets at the end belong to the function: a Gelu's 0.5, a normalisation's weights.
void AddScalings(const ValueGraph& graph, Function& function) {
  const size_t most = function.name == "LayerNormalization" ? 2 : 1;
  for (size_t i = 0; i < most; ++i) {
    const auto& readers = graph[function.result].readers;
    if (readers.size() != 1 || !IsScalingOf(graph[readers[0]])) return;
    function.result = readers[0];
    function.members.insert(readers[0]);
  }
}

std::optional<Function> FunctionOf(const ValueGraph& graph, size_t argument) {
  constexpr size_t kLongest = 16;
  constexpr size_t kFarthest = 64;  // other branches may lie between its operators
  if (graph[argument].readers.size() < 2) return {};
  std::set<size_t> members;
  const size_t end = std::min(graph.size(), argument + kFarthest);
  for (size_t i = argument + 1; i < end && members.size() < kLongest; ++i) {
    const GraphValue& value = graph[i];
    const bool is_member =
        !value.reads_input && !value.reads.empty() && IsPartOfFunction(value.op_type) &&
        std::all_of(value.reads.begin(), value.reads.end(),
                    [&](size_t read) { return read == argument || members.contains(read); });
    if (!is_member) continue;
    members.insert(i);
    if (members.size() < 2 || value.reads.size() < 2 || !EndsIn(graph, argument, members, i)) {
      continue;
    }
    std::string name = NameOf(graph, members);
    if (name.empty()) continue;
    Function function{std::move(name), members, i};
    AddScalings(graph, function);
    return function;
  }
  return {};
}

/// What a value's readers do with it, if all do the same.
class StageFinder {
 public:
  explicit StageFinder(const ValueGraph& graph)
      : graph_(graph), stages_(graph.size()), is_inside_(graph.size(), false) {}

  std::vector<Stage> Find() {
    for (size_t i = 0; i < graph_.size(); ++i) FindFunction(i);
    for (size_t i = 0; i < graph_.size(); ++i) FindOperator(i);
    return stages_;
  }

 private:
  void FindFunction(size_t i) {
    if (is_inside_[i]) return;
    const std::optional<Function> function = FunctionOf(graph_, i);
    if (!function) return;
    stages_[function->result].after = function->name;
    stages_[function->result].is_activated = function->name != "LayerNormalization";
    const auto& readers = graph_[i].readers;
    const bool is_all = std::all_of(readers.begin(), readers.end(), [&](size_t reader) {
      return function->members.contains(reader);
    });
    if (is_all) {
      stages_[i].before = function->name;
      stages_[i].is_step = true;
    }
    for (const size_t member : function->members) {
      if (member == function->result) continue;
      is_inside_[member] = true;
      stages_[member].is_step = true;
    }
  }

  void FindOperator(size_t i) {
    const GraphValue& value = graph_[i];
    Stage& stage = stages_[i];
    if (is_inside_[i]) return;
    const bool is_activation = IsActivation(value.op_type);
    if (stage.after.empty() && (is_activation || IsNormalization(value.op_type))) {
      stage.after = value.op_type;
      stage.is_activated = is_activation;
    }
    if (value.readers.empty() || !stage.before.empty()) return;
    const std::string& next = graph_[value.readers[0]].op_type;
    const bool is_function = IsActivation(next) || IsNormalization(next);
    const auto all_readers = [&](const auto& holds) {
      return std::all_of(value.readers.begin(), value.readers.end(), [&](size_t reader) {
        return graph_[reader].reads.size() == 1 && holds(graph_[reader]);
      });
    };
    if (is_function && all_readers([&](const auto& reader) { return reader.op_type == next; })) {
      stage.before = next;
    }
    stage.is_step =
        stage.is_step || all_readers([](const GraphValue& reader) {
          static const std::unordered_set<std::string_view> kSame = {"Cast", "Dropout", "Identity"};
          return IsActivation(reader.op_type) || IsNormalization(reader.op_type) ||
                 IsScalingOf(reader) || kSame.contains(reader.op_type);
        });
  }

  const ValueGraph& graph_;
  std::vector<Stage> stages_;
  std::vector<bool> is_inside_;
};

}  // namespace

std::vector<Stage> FindStages(const ValueGraph& graph) { return StageFinder(graph).Find(); }

}  // namespace milan
