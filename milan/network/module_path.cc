#include "milan/network/module_path.h"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <onnx/onnx_pb.h>

namespace milan {
namespace {

bool IsNumber(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

constexpr size_t kLongestPath = 2000;  // of Python's modules; hostile files have longer names

/// "/a/b/Conv" gives "a", "b"; nothing for names of another form.
std::vector<std::string> ScopesOfName(const std::string& name) {
  std::vector<std::string> parts;
  if (name.empty() || name[0] != '/' || name.size() > kLongestPath) return parts;
  size_t begin = 1;
  for (size_t end = name.find('/', begin); end != std::string::npos;
       begin = end + 1, end = name.find('/', begin)) {
    parts.push_back(name.substr(begin, end - begin));
  }
  return parts;  // without the operator, which is the last
}

/// The exporter repeats the container in the names of numbered modules: "layer1" then "layer1.0".
std::string Enter(const std::string& path, const std::string& scope) {
  for (size_t dot = scope.rfind('.'); dot != std::string::npos && dot > 0;
       dot = scope.rfind('.', dot - 1)) {
    const std::string container = scope.substr(0, dot);
    if (path == container || path.ends_with("." + container)) return path + scope.substr(dot);
  }
  return path.empty() ? scope : path + "." + scope;
}

/// Reads the paths from the names of nodes.
class NamedScopes {
 public:
  explicit NamedScopes(const onnx::GraphProto& graph) {
    for (const auto& node : graph.node()) {
      std::string raw;
      for (const std::string& scope : ScopesOfName(node.name())) {
        raw += "/" + scope;
        raw_.insert(raw);
      }
    }
    for (const auto& tensor : graph.initializer()) parameters_.insert(tensor.name());
  }

  std::string PathOf(const onnx::NodeProto& node) const {
    std::string path;
    std::string raw;
    for (const std::string& scope : ScopesOfName(node.name())) {
      path = Enter(path, HasParameters(Enter(path, scope)) ? scope : WithoutCall(raw, scope));
      raw += "/" + scope;
    }
    return path;
  }

 private:
  /// Parameters are named after their module: it is one, whatever its name looks like.
  bool HasParameters(const std::string& path) const {
    const auto parameter = parameters_.lower_bound(path + ".");
    return parameter != parameters_.end() && parameter->starts_with(path + ".");
  }

  /// A module that is called again has the scope "relu_1" beside "relu".
  std::string WithoutCall(const std::string& parent, const std::string& scope) const {
    const size_t underscore = scope.rfind('_');
    if (underscore == std::string::npos || !IsNumber(scope.substr(underscore + 1))) return scope;
    std::string module = scope.substr(0, underscore);
    return raw_.contains(parent + "/" + module) ? module : scope;
  }

  std::unordered_set<std::string> raw_;
  std::set<std::string> parameters_;
};

/// The strings of a Python list: "['', 'layer1', 'layer1.0', 'conv2d']".
std::vector<std::string> ParsePythonStrings(std::string_view text) {
  std::vector<std::string> strings;
  for (size_t i = 0; i < text.size(); ++i) {
    const char quote = text[i];
    if (quote != '\'' && quote != '"') continue;
    const size_t end = text.find(quote, i + 1);
    if (end == std::string_view::npos) break;
    strings.emplace_back(text.substr(i + 1, end - i - 1));
    i = end;
  }
  return strings;
}

constexpr std::string_view kScopesKey = "pkg.torch.onnx.name_scopes";

template <typename Entries>
std::string ScopesIn(const Entries& entries) {
  for (const auto& entry : entries) {
    if (entry.key() == kScopesKey) return entry.value();
  }
  return "";
}

/// Metadata of a node. Libraries of before ONNX 1.16 do not know it, and keep it as unknown fields.
template <typename Node>
std::string ScopesText(const Node& node) {
  if constexpr (requires { node.metadata_props(); }) {
    return ScopesIn(node.metadata_props());
  } else {
    constexpr int kMetadataField = 9;
    const auto& unknown = node.GetReflection()->GetUnknownFields(node);
    std::vector<onnx::StringStringEntryProto> entries;
    for (int i = 0; i < unknown.field_count(); ++i) {
      const auto& field = unknown.field(i);
      onnx::StringStringEntryProto entry;
      if (field.number() == kMetadataField &&
          field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED &&
          entry.ParseFromString(field.length_delimited())) {
        entries.push_back(std::move(entry));
      }
    }
    return ScopesIn(entries);
  }
}

/// Paths grow from the outermost module to the node itself; the one before the last is the module.
std::string PathInMetadata(const onnx::NodeProto& node) {
  const std::vector<std::string> scopes = ParsePythonStrings(ScopesText(node));
  if (scopes.size() < 2) return "";
  const std::string& path = scopes[scopes.size() - 2];
  if (path.size() > kLongestPath) return "";
  return path.substr(0, path.find('@'));  // "relu@1" is its second call
}

bool HasComputedName(const std::string& weight) {
  static constexpr std::string_view kPrefix = "onnx::Conv_";
  return IsNumber(weight) ||
         (weight.starts_with(kPrefix) && IsNumber(weight.substr(kPrefix.size())));
}

}  // namespace

std::unordered_map<std::string, std::string> ModulesOfValues(const onnx::ModelProto& model) {
  std::unordered_map<std::string, std::string> modules;
  const NamedScopes names(model.graph());
  for (const auto& node : model.graph().node()) {
    std::string path = PathInMetadata(node);
    if (path.empty()) path = names.PathOf(node);
    if (path.empty()) continue;
    for (const std::string& output : node.output()) modules.emplace(output, path);
  }
  return modules;
}

bool IsInModule(const std::string& path, const std::string& module) {
  return path.starts_with(module) && (path.size() == module.size() || path[module.size()] == '.');
}

std::vector<std::string> EnclosingModules(const std::string& path) {
  std::vector<std::string> modules = {path};
  for (size_t dot = path.rfind('.'); dot != std::string::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    modules.push_back(path.substr(0, dot));
  }
  return modules;
}

std::vector<std::string> FoldedConvolutions(const onnx::ModelProto& model) {
  std::vector<std::string> values;
  if (model.producer_name() != "pytorch") return values;
  for (const auto& node : model.graph().node()) {
    if (node.op_type() != "Conv" || node.input_size() < 3 || node.output().empty()) continue;
    if (HasComputedName(node.input(1)) && HasComputedName(node.input(2))) {
      values.push_back(node.output(0));
    }
  }
  return values;
}

}  // namespace milan
