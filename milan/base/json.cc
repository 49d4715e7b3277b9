#include "milan/base/json.h"

#include <algorithm>

namespace milan {

Json ParseJson(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const size_t position = std::min(error.byte, text.size());
    const auto before = text.substr(0, position);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t line_start =
        before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    throw InputError(name + ": not valid JSON at line " + std::to_string(line) + ", column " +
                     std::to_string(position - line_start));
  } catch (const nlohmann::json::exception& error) {  // a number such as 1e999
    throw InputError(name + ": not usable JSON: " + error.what());
  }
}

Json ReadJson(const Path& path) { return ParseJson(ReadFile(path), path.string()); }

void WriteJson(const Path& path, const Json& json) {
  WriteFileAtomically(path, ToText(json, 2) + "\n");
}

std::string ToText(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace milan
