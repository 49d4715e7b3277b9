#include "milan/base/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(JsonFile, KeepsTheOrderOfMembers) {
  const TemporaryFolder folder;
  WriteJson(folder / "f.json", {{"zebra", 1}, {"ant", 2}});
  EXPECT_EQ(ReadFile(folder / "f.json"), "{\n  \"zebra\": 1,\n  \"ant\": 2\n}\n");
}

TEST(JsonFile, FileNamesThatAreNotUtf8DoNotStopWriting) {
  EXPECT_EQ(ToText(Json("a\xFF")), "\"a\xEF\xBF\xBD\"");
}

TEST(JsonFile, SyntaxErrorsNameLineAndColumn) {
  EXPECT_THAT([] { ParseJson("{\n \"a\": }", "x.json"); },
              ThrowsMessage<Error>(HasSubstr("x.json: not valid JSON at line 2")));
}

TEST(JsonFile, NumbersTooLargeForTheirTypeAreAnError) {
  EXPECT_THAT([] { ParseJson("{\"a\": 1e999}", "x.json"); },
              ThrowsMessage<Error>(HasSubstr("x.json: not usable JSON")));
}

TEST(JsonFile, MissingAndMistypedMembersAreNamed) {
  const Json json = {{"k", "fifteen"}, {"none", nullptr}};
  EXPECT_THAT([&] { Get<int>(json, "n", "x.json"); },
              ThrowsMessage<Error>(HasSubstr("x.json: member 'n' is missing")));
  EXPECT_THAT([&] { Get<int>(json, "k", "x.json"); },
              ThrowsMessage<Error>(HasSubstr("member 'k' has a value of another type")));
  EXPECT_EQ(GetOr<int>(json, "none", 3, "x.json"), 3);
}

}  // namespace
}  // namespace milan
