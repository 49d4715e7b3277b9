#include "milan/base/printable.h"

#include <gtest/gtest.h>

namespace milan {
namespace {

TEST(Printable, KeepsWhatPeopleWrite) {
  EXPECT_EQ(Printable("features/fire9/concat.1"), "features/fire9/concat.1");
  EXPECT_EQ(Printable("Übergröße → 層 🙂"), "Übergröße → 層 🙂");
  EXPECT_EQ(Printable(""), "");
}

TEST(Printable, NothingReachesTheTerminalAsACommand) {
  EXPECT_EQ(Printable("a\x1b[31mb\r\nc\td\x7f"), "a?[31mb??c?d?");
  EXPECT_EQ(Printable(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(Printable("a\xC2\x9B"
                      "31m"),
            "a?31m");  // U+009B begins a command, too
  EXPECT_EQ(Printable("gpj.\xE2\x80\xAE"
                      "exe"),
            "gpj.?exe");  // U+202E turns the text around
  EXPECT_EQ(Printable("a\xE2\x80\xA8"
                      "b"),
            "a?b");  // U+2028 ends a line
}

TEST(Printable, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(Printable("\xFF\xFE"), "??");
  EXPECT_EQ(Printable("a\xC3"), "a?");
  EXPECT_EQ(Printable("\xC3(\x80"), "?(?");
  EXPECT_EQ(Printable("\xC0\xAF"), "??");
}

TEST(Printable, LongTextsAreCutBetweenCharacters) {
  EXPECT_EQ(Printable("abcdef", 6), "abcdef");
  EXPECT_EQ(Printable("abcdefg", 6), "abcdef...");
  EXPECT_EQ(Printable("ab→cd", 4), "ab...");
  EXPECT_EQ(Printable(std::string(1'000'000, 'x')).size(), 203U);
}

}  // namespace
}  // namespace milan
