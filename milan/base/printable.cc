#include "milan/base/printable.h"

#include <cstdint>

namespace milan {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 0;  ///< 0: not UTF-8.
};

/// The character that `text` begins with. REQUIRES: text is not empty.
Character First(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  const size_t count = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < count) return {};
  uint32_t code = lead & (0x7FU >> count);
  for (size_t i = 1; i < count; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80) return {};
    code = code << 6 | (byte & 0x3FU);
  }
  return {code, count};
}

bool IsShown(uint32_t code) {
  const bool is_control = code < 0x20 || (0x7F <= code && code < 0xA0);
  const bool is_line_end = code == 0x2028 || code == 0x2029;
  const bool turns_direction = (0x202A <= code && code <= 0x202E) ||
                               (0x2066 <= code && code <= 0x2069) || code == 0x200E ||
                               code == 0x200F;
  return !is_control && !is_line_end && !turns_direction;
}

}  // namespace

std::string Printable(std::string_view text, size_t longest) {
  std::string shown;
  size_t position = 0;
  while (position < text.size() && shown.size() < longest) {
    const Character character = First(text.substr(position));
    const bool is_shown = character.bytes > 0 && IsShown(character.code);
    if (is_shown && shown.size() + character.bytes > longest) break;
    if (is_shown) {
      shown += text.substr(position, character.bytes);
    } else {
      shown += '?';
    }
    position += character.bytes > 0 ? character.bytes : 1;
  }
  return position < text.size() ? shown + "..." : shown;
}

}  // namespace milan
