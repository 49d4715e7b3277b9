#include "milan/text/utf8.h"

#include <gtest/gtest.h>

namespace milan {
namespace {

TEST(Utf8Test, EveryLengthOfSequenceSurvivesARoundTrip) {
  const std::u32string text = {U'a', 0x7F, 0x80, 0xE9, 0x7FF, 0x800, 0xFFFD, 0x10000, 0x10FFFF};
  EXPECT_EQ(DecodeUtf8(EncodeUtf8(text)), text);
  EXPECT_TRUE(IsUtf8(EncodeUtf8(text)));
  EXPECT_EQ(EncodeUtf8(U"é€😀"), "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
}

TEST(Utf8Test, BytesThatAreNotUtf8BecomeReplacementCharacters) {
  EXPECT_EQ(DecodeUtf8("a\xE9z"), U"a\uFFFDz");                            // Latin-1
  EXPECT_EQ(DecodeUtf8("a\xC3"), U"a\uFFFD");                              // cut off
  EXPECT_EQ(DecodeUtf8("\xC0\xAF"), U"\uFFFD\uFFFD");                      // overlong "/"
  EXPECT_EQ(DecodeUtf8("\xED\xA0\x80"), U"\uFFFD\uFFFD\uFFFD");            // surrogate
  EXPECT_EQ(DecodeUtf8("\xF4\x90\x80\x80"), U"\uFFFD\uFFFD\uFFFD\uFFFD");  // above U+10FFFF
  for (const char* broken : {"a\xE9z", "a\xC3", "\xC0\xAF", "\xED\xA0\x80", "\xFF"}) {
    EXPECT_FALSE(IsUtf8(broken));
  }
  EXPECT_TRUE(IsUtf8(""));
}

}  // namespace
}  // namespace milan
