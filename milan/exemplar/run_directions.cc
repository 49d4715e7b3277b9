#include "milan/exemplar/run_directions.h"

#include <algorithm>

#include <fmt/format.h>

#include "milan/base/json.h"

namespace milan {
namespace {

Json ToJson(const RunFile& file) { return {{"path", file.path}, {"hash", file.hash}}; }

Json ToJson(const std::optional<RunFile>& file) { return file ? ToJson(*file) : Json(); }

RunFile ParseFile(const Json& json, const std::string& name) {
  return {Get<std::string>(json, "path", name), Get<std::string>(json, "hash", name)};
}

std::optional<RunFile> FindFile(const Json& json, const std::string& key, const std::string& name) {
  const Json file = GetOr<Json>(json, key, nullptr, name);
  if (file.is_null()) return std::nullopt;
  return ParseFile(file, name);
}

std::string PathOf(const std::optional<RunFile>& file) { return file ? file->path : "none"; }

std::string Difference(const RunDirections& run, const RunDirections& wanted) {
  if (run.of != wanted.of) return fmt::format("directions of layer {}", run.of);
  if (!(run.weight == wanted.weight)) {
    return fmt::format("other directions of {} (what was in {})", run.layer, run.weight.path);
  }
  if (run.bias != wanted.bias) {
    return fmt::format("--directions-bias of {} ({})", run.layer, PathOf(run.bias));
  }
  if (run.center != wanted.center) {
    return fmt::format("--directions-center of {} ({})", run.layer, PathOf(run.center));
  }
  if (run.relu != wanted.relu) {
    return fmt::format("--directions-activation {} of {}", run.relu ? "relu" : "none", run.layer);
  }
  return "";
}

}  // namespace

std::string ToJsonText(const std::vector<RunDirections>& directions) {
  Json list = Json::array();
  for (const RunDirections& set : directions) {
    list.push_back({{"layer", set.layer},
                    {"of", set.of},
                    {"weight", ToJson(set.weight)},
                    {"bias", ToJson(set.bias)},
                    {"center", ToJson(set.center)},
                    {"activation", set.relu ? "relu" : "none"}});
  }
  return ToText(list);
}

std::vector<RunDirections> ParseRunDirections(std::string_view text, const std::string& name) {
  std::vector<RunDirections> directions;
  for (const Json& json : ParseJson(text, name)) {
    RunDirections set;
    set.layer = Get<std::string>(json, "layer", name);
    set.of = Get<std::string>(json, "of", name);
    set.weight = ParseFile(Get<Json>(json, "weight", name), name);
    set.bias = FindFile(json, "bias", name);
    set.center = FindFile(json, "center", name);
    set.relu = Get<std::string>(json, "activation", name) == "relu";
    directions.push_back(std::move(set));
  }
  return directions;
}

std::string Difference(const std::vector<RunDirections>& run,
                       const std::vector<RunDirections>& wanted) {
  // The layers have been compared, by name and in order, and each of these belongs to one.
  for (size_t i = 0; i < std::min(run.size(), wanted.size()); ++i) {
    const std::string difference = Difference(run[i], wanted[i]);
    if (!difference.empty()) return difference;
  }
  if (run.size() != wanted.size()) return "directions that are now values of the network";
  return "";
}

}  // namespace milan
