#include "milan/base/regular_expression.h"

#include <gtest/gtest.h>

namespace milan {
namespace {

TEST(CompileRegex, TakesWhatUsersWrite) {
  EXPECT_TRUE(
      std::regex_search("layer12345678901234567890", CompileRegex("r12345678901234567890$")));
  EXPECT_TRUE(std::regex_match("aaa", CompileRegex("A{2,3}", std::regex::icase)));
  EXPECT_TRUE(std::regex_search("text on signs", CompileRegex("\\b(?:text|letters)\\b")));
}

TEST(CompileRegex, NestedRepetitionsEnd) {
  const std::string text(200, 'F');  // by trying all ways, more than any computer could
  EXPECT_FALSE(std::regex_search(text, CompileRegex("..**a]")));
  EXPECT_FALSE(std::regex_search(text, CompileRegex("(F+)+$a")));
}

TEST(CompileRegex, RefusesNumbersThatOverflow) {
  EXPECT_THROW(CompileRegex("(a)\\5555555555555555555555"), std::regex_error);
  EXPECT_THROW(CompileRegex("a{55555555555555555555}"), std::regex_error);
  EXPECT_THROW(CompileRegex("a{1,55555555555555555555}"), std::regex_error);
  EXPECT_THROW(CompileRegex("("), std::regex_error);
}

}  // namespace
}  // namespace milan
