#include "milan/report/mask_text.h"

#include <cstddef>
#include <string_view>

namespace milan {
namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void AppendLength(size_t length, std::string& text) {
  while (length >= 32) {
    text += kDigits[32 + length % 32];
    length /= 32;
  }
  text += kDigits[length];
}

}  // namespace

std::string EncodeMask(std::span<const uint8_t> mask) {
  std::string text;
  size_t start = 0;
  uint8_t value = 0;
  for (size_t i = 0; i < mask.size(); ++i) {
    if (mask[i] == value) continue;
    AppendLength(i - start, text);
    start = i;
    value = mask[i];
  }
  AppendLength(mask.size() - start, text);
  return text;
}

}  // namespace milan
