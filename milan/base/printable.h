#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace milan {

/// `text` as it may be shown on a terminal: names in files that others made may hold any bytes.
/// Control characters (of one byte, or U+0080 to U+009F, which some terminals obey too), the marks
/// that turn the direction of writing, and bytes that are not UTF-8 become '?'. What is longer than
/// `longest` bytes ends in "...".
std::string Printable(std::string_view text, size_t longest = 200);

}  // namespace milan
