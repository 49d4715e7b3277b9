#include "milan/report/mask_text.h"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "milan/base/random.h"

namespace milan {
namespace {

/// Reads the format as its description says, independently of the writer.
std::vector<uint8_t> Decode(const std::string& text) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::vector<uint8_t> mask;
  uint8_t value = 0;
  size_t length = 0;
  int shift = 0;
  for (const char character : text) {
    const size_t digit = kAlphabet.find(character);
    EXPECT_NE(digit, std::string_view::npos) << "not a digit: " << character;
    length |= (digit & 31) << shift;
    shift += 5;
    if (digit >= 32) continue;
    mask.insert(mask.end(), length, value);
    value = 1 - value;
    length = 0;
    shift = 0;
  }
  return mask;
}

TEST(MaskTextTest, WritesRunsOfZerosAndOnesInTurn) {
  EXPECT_EQ(EncodeMask(std::vector<uint8_t>{0, 0, 1, 1, 1, 0}), "CDB");
}

TEST(MaskTextTest, StartsWithARunOfLengthZeroWhenTheMaskStartsWithOnes) {
  EXPECT_EQ(EncodeMask(std::vector<uint8_t>{1, 0}), "ABB");
}

TEST(MaskTextTest, WritesLongRunsInSeveralDigits) {
  EXPECT_EQ(EncodeMask(std::vector<uint8_t>(31, 0)), "f");
  EXPECT_EQ(EncodeMask(std::vector<uint8_t>(32, 0)), "gB");
  EXPECT_EQ(EncodeMask(std::vector<uint8_t>(12544, 0)), "goM");
}

TEST(MaskTextTest, UniformMasksTakeAFewCharacters) {
  EXPECT_EQ(Decode(EncodeMask(std::vector<uint8_t>(12544, 0))), std::vector<uint8_t>(12544, 0));
  EXPECT_EQ(Decode(EncodeMask(std::vector<uint8_t>(12544, 1))), std::vector<uint8_t>(12544, 1));
}

TEST(MaskTextTest, AnyMaskComesBackUnchanged) {
  Random random(1);
  for (int trial = 0; trial < 200; ++trial) {
    std::vector<uint8_t> mask(1 + random.Below(5000));
    // Runs of very different lengths, from noise to half the mask.
    const uint64_t longest = 1 + random.Below(2000);
    for (size_t start = 0; start < mask.size();) {
      const size_t end = std::min(mask.size(), start + 1 + random.Below(longest));
      std::fill(mask.begin() + static_cast<ptrdiff_t>(start),
                mask.begin() + static_cast<ptrdiff_t>(end), static_cast<uint8_t>(random.Below(2)));
      start = end;
    }
    ASSERT_EQ(Decode(EncodeMask(mask)), mask) << "trial " << trial;
  }
}

}  // namespace
}  // namespace milan
