#pragma once

#include <string>
#include <string_view>

namespace milan {

/// What stands for bytes that are not UTF-8.
inline constexpr char32_t kReplacementCharacter = 0xFFFD;

/// The code points of a UTF-8 text. A byte that starts no valid sequence (overlong forms and
/// surrogates included) becomes one replacement character.
std::u32string DecodeUtf8(std::string_view text);
std::string EncodeUtf8(std::u32string_view code_points);
bool IsUtf8(std::string_view text);

}  // namespace milan
