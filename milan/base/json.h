#pragma once

// Private to .cc files: nlohmann-json is heavy and never appears in a header of another module.

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "milan/base/error.h"
#include "milan/base/file.h"

namespace milan {

/// Keeps the order in which members were written, so that files read well.
using Json = nlohmann::ordered_json;

/// Parses a JSON text; `name` says in errors where it came from. Throws kInput with line and
/// column.
Json ParseJson(std::string_view text, const std::string& name);

/// Reads a JSON file. Throws kInput naming the file.
Json ReadJson(const Path& path);

/// Writes a JSON file atomically, indented by two spaces, with a final newline. Bytes that are not
/// UTF-8 (file names) are replaced by U+FFFD. Throws kResource.
void WriteJson(const Path& path, const Json& json);

/// The compact or indented text of `json`, safe for any file name.
std::string ToText(const Json& json, int indent = -1);

/// `json[key]` as T. Throws kInput: "<name>: member 'key' is missing" or "... is not a ...".
template <typename T>
T Get(const Json& json, const std::string& key, const std::string& name) {
  if (!json.is_object() || !json.contains(key)) {
    throw InputError(name + ": member '" + key + "' is missing");
  }
  try {
    return json.at(key).get<T>();
  } catch (const nlohmann::json::exception&) {
    throw InputError(name + ": member '" + key + "' has a value of another type than expected: " +
                     ToText(json.at(key)).substr(0, 60));
  }
}

/// Like Get, with a default when the member is absent or null.
template <typename T>
T GetOr(const Json& json, const std::string& key, T fallback, const std::string& name) {
  if (!json.is_object() || !json.contains(key) || json.at(key).is_null()) return fallback;
  return Get<T>(json, key, name);
}

}  // namespace milan
