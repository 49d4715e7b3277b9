// Which layers a user means.

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fnmatch.h>

#include "milan/base/error.h"
#include "milan/base/regular_expression.h"
#include "milan/network/graph.h"
#include "milan/network/layer.h"

namespace milan {
namespace {

constexpr std::string_view kRegexPrefix = "re:";

/// A name, module path, glob or regular expression.
class Pattern {
 public:
  /// `is_name`: something has that very name, which is then meant.
  Pattern(const std::string& text, bool is_name) : text_(text) {
    if (is_name || !text.starts_with(kRegexPrefix)) return;
    is_regex_ = true;
    try {
      regex_ = CompileRegex(text.substr(kRegexPrefix.size()));
    } catch (const std::regex_error& error) {
      throw UsageError(
          fmt::format("layer {}: not a regular expression ({})", Quoted(text), error.what()));
    }
  }

  bool Matches(const Layer& layer) const {
    return MatchesName(layer.name) ||
           std::any_of(layer.modules.begin(), layer.modules.end(),
                       [&](const std::string& module) { return MatchesName(module); });
  }

  const std::string& text() const { return text_; }

 private:
  bool MatchesName(const std::string& name) const {
    if (is_regex_) return Contains(name);
    // Without flags a star matches slashes, which ONNX names are full of. A name with brackets is
    // first of all itself.
    return name == text_ || fnmatch(text_.c_str(), name.c_str(), 0) == 0;
  }

  bool Contains(const std::string& name) const {
    // The library's search takes stack for every character.
    constexpr size_t kLongest = 2000;
    if (name.size() > kLongest) return false;
    try {
      return std::regex_search(name, regex_);
    } catch (const std::regex_error&) {
      throw UsageError(fmt::format("layer {}: takes too long on {}; write a simpler expression",
                                   Quoted(text_), Quoted(name)));
    }
  }

  std::string text_;
  bool is_regex_ = false;
  std::regex regex_;
};

std::vector<std::string> DescribableNames(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  const auto add = [&](const std::string& name) {
    if (seen.insert(name).second) names.push_back(name);
  };
  for (const Layer& layer : layers) {
    if (!layer.IsDescribable()) continue;
    add(layer.name);
    for (const std::string& module : layer.modules) add(module);
  }
  return names;
}

/// "features.1" for "features.2"; empty when the path does not end in a number above 0.
std::string ModuleBefore(const std::string& path) {
  const size_t dot = path.rfind('.');
  const std::string number = dot == std::string::npos ? "" : path.substr(dot + 1);
  if (number.empty() || number.size() > 6 || number == "0" ||
      number.find_first_not_of("0123456789") != std::string::npos) {
    return "";
  }
  return fmt::format("{}.{}", path.substr(0, dot), std::stoi(number) - 1);
}

/// Why a BatchNorm that is asked for is not there; empty when it cannot be one.
std::string FoldedNote(const std::vector<Layer>& layers, const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool sounds_like_norm =
      lower.find("bn") != std::string::npos || lower.find("norm") != std::string::npos;
  const std::string before = ModuleBefore(text);
  for (const Layer& layer : layers) {
    if (!layer.has_folded_norm) continue;
    const bool is_next = !before.empty() && before == layer.folded_module;
    if (!is_next && !sounds_like_norm) continue;
    return fmt::format(
        "; the exporter folded each BatchNorm into the convolution before it: what went into the "
        "BatchNorm is not in this file, and what came out is the convolution's value, such as {}",
        Quoted(layer.name));
  }
  return "";
}

void RefuseFolded(const std::vector<Layer>& layers, const std::string& text) {
  for (const Layer& layer : layers) {
    if (layer.folded_module.empty() || layer.folded_module != text) continue;
    throw UsageError(fmt::format(
        "module {}: its own output is not in this file, since the exporter folded the BatchNorm "
        "after it into the convolution; name the value {} to describe what the BatchNorm gives, "
        "or export the network with training=TrainingMode.PRESERVE",
        Quoted(text), Quoted(layer.name)));
  }
}

Error NoSuchLayer(const std::vector<Layer>& layers, const std::string& pattern,
                  const Layer* without_units) {
  const std::vector<std::string> names = DescribableNames(layers);
  std::string problem = "matches no layer";
  if (without_units != nullptr) {
    problem = without_units->problem.empty()
                  ? "has no units that can be described (no channels of a map or vector)"
                  : "has no units that can be described: " + without_units->problem;
  }
  if (names.empty()) {
    return UsageError(
        fmt::format("layer {} {}; the network has no describable layer", Quoted(pattern), problem));
  }
  return UsageError(fmt::format("layer {} {}; the nearest names are {}{}", Quoted(pattern), problem,
                                JoinNames(NearestNames(pattern, names, 3)),
                                without_units == nullptr ? FoldedNote(layers, pattern) : ""));
}

bool IsNamed(const std::vector<Layer>& layers, const std::string& name) {
  return std::any_of(layers.begin(), layers.end(), [&](const Layer& layer) {
    return layer.name == name ||
           std::find(layer.modules.begin(), layer.modules.end(), name) != layer.modules.end();
  });
}

}  // namespace

std::vector<Layer> SelectLayers(const std::vector<Layer>& layers,
                                const std::vector<std::string>& patterns) {
  std::set<size_t> selected;
  for (const std::string& text : patterns) {
    const bool is_name = IsNamed(layers, text);
    if (!is_name) RefuseFolded(layers, text);
    const Pattern pattern(text, is_name);
    const Layer* without_units = nullptr;
    bool selects_any = false;
    for (size_t i = 0; i < layers.size(); ++i) {
      if (!pattern.Matches(layers[i])) continue;
      if (layers[i].IsDescribable()) {
        selects_any = true;
        selected.insert(i);
      } else if (without_units == nullptr) {
        without_units = &layers[i];
      }
    }
    if (!selects_any) throw NoSuchLayer(layers, text, without_units);
  }
  std::vector<Layer> result;
  for (const size_t index : selected) result.push_back(layers[index]);
  return result;
}

}  // namespace milan
