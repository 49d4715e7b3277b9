#pragma once

#include <regex>
#include <string>

namespace milan {

/// An expression that a user wrote. Throws std::regex_error, also for numbers of more than nine
/// digits (back references, repetitions), which overflow inside of libstdc++'s parser.
std::regex CompileRegex(const std::string& expression,
                        std::regex::flag_type flags = std::regex::ECMAScript);

}  // namespace milan
