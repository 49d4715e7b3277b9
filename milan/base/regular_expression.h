#pragma once

#include <regex>
#include <string>

namespace milan {

/// An expression that a user wrote, matched in time polynomial in the text's length where the
/// library can do that (libstdc++; back references are refused there): nested repetitions such as
/// "(.*)*a" would else take for ever. Throws std::regex_error, also for numbers of more than nine
/// digits, which overflow inside of libstdc++'s parser.
std::regex CompileRegex(const std::string& expression,
                        std::regex::flag_type flags = std::regex::ECMAScript);

}  // namespace milan
