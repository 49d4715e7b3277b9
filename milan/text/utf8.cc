#include "milan/text/utf8.h"

#include <cstddef>

namespace milan {
namespace {

struct Decoded {
  char32_t code_point = kReplacementCharacter;
  size_t length = 1;
  bool valid = false;
};

/// Bytes of the sequence that `lead` opens; 0 when it opens none.
size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

/// The first code point of a text that is not empty.
Decoded DecodeFirst(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = SequenceLength(lead);
  if (length == 1) return {lead, 1, true};
  if (length == 0 || length > text.size()) return {};
  char32_t code_point = lead & (0x7Fu >> length);
  for (const char byte : text.substr(1, length - 1)) {
    const auto continuation = static_cast<unsigned char>(byte);
    if ((continuation & 0xC0) != 0x80) return {};
    code_point = (code_point << 6) | (continuation & 0x3Fu);
  }
  const bool overlong =
      (length == 3 && code_point < 0x800) || (length == 4 && code_point < 0x10000);
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (overlong || surrogate || code_point > 0x10FFFF) return {};
  return {code_point, length, true};
}

}  // namespace

std::u32string DecodeUtf8(std::string_view text) {
  std::u32string code_points;
  code_points.reserve(text.size());
  while (!text.empty()) {
    const Decoded decoded = DecodeFirst(text);
    code_points += decoded.code_point;
    text.remove_prefix(decoded.length);
  }
  return code_points;
}

std::string EncodeUtf8(std::u32string_view code_points) {
  std::string text;
  text.reserve(code_points.size());
  for (const char32_t c : code_points) {
    const auto tail = [c](int shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
    if (c < 0x80) {
      text += static_cast<char>(c);
    } else if (c < 0x800) {
      text += {static_cast<char>(0xC0 | (c >> 6)), tail(0)};
    } else if (c < 0x10000) {
      text += {static_cast<char>(0xE0 | (c >> 12)), tail(6), tail(0)};
    } else {
      text += {static_cast<char>(0xF0 | (c >> 18)), tail(12), tail(6), tail(0)};
    }
  }
  return text;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Decoded decoded = DecodeFirst(text);
    if (!decoded.valid) return false;
    text.remove_prefix(decoded.length);
  }
  return true;
}

}  // namespace milan
