#include "milan/base/json.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace milan {
namespace {

// What a file may ask for (docs/formats.md): one may be made to exhaust the stack or, since members
// are looked up one by one, the user's patience.
constexpr size_t kDeepest = 64;          // lists and objects in each other
constexpr size_t kMostMembers = 65'536;  // of one object

/// "line 3, column 14" of the byte before `position`.
std::string PlaceOf(size_t position, std::string_view text) {
  const auto before = text.substr(0, std::min(position, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const size_t line_end = before.rfind('\n');
  const size_t line_start = line_end == std::string_view::npos ? 0 : line_end + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(before.size() - line_start);
}

/// Throws unless the text keeps the limits, without looking at what else may be wrong with it.
void CheckLimits(std::string_view text, const std::string& name) {
  std::vector<size_t> commas;  // of each list or object that is open
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      // The limit of members is that of objects; a list may be as long as it likes.
      constexpr size_t kUncounted = std::numeric_limits<size_t>::max() / 2;
      commas.push_back(c == '{' ? 0 : kUncounted);
      if (commas.size() > kDeepest) {
        throw InputError(name + ": lists and objects lie in each other more than " +
                         std::to_string(kDeepest) + " deep at " + PlaceOf(i + 1, text));
      }
    } else if ((c == '}' || c == ']') && !commas.empty()) {
      commas.pop_back();
    } else if (c == ',' && !commas.empty() && ++commas.back() == kMostMembers) {
      throw InputError(name + ": an object has more than " + std::to_string(kMostMembers) +
                       " members at " + PlaceOf(i + 1, text));
    }
  }
}

}  // namespace

Json ParseJson(std::string_view text, const std::string& name) {
  CheckLimits(text, name);
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw InputError(name + ": not valid JSON at " + PlaceOf(error.byte, text));
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
