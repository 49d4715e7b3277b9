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

TEST(HostileJson, NestingWithoutEndIsAnErrorWithItsPlace) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  EXPECT_NO_THROW(ParseJson(nested(64), "x.json"));
  EXPECT_THAT([&] { ParseJson(nested(65), "x.json"); },
              ThrowsMessage<Error>(
                  "x.json: lists and objects lie in each other more than 64 deep at line 1, column "
                  "65"));
  EXPECT_THAT([&] { ParseJson(std::string(50'000'000, '['), "x.json"); },
              ThrowsMessage<Error>(HasSubstr("64 deep")));
  // Brackets in texts open nothing.
  EXPECT_NO_THROW(ParseJson("\"\\\"" + std::string(100, '[') + "\"", "x.json"));
}

TEST(HostileJson, ObjectsOfAnySizeDoNotTakeHours) {
  const auto members = [](int count) {
    std::string text = "{";
    for (int i = 0; i < count; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":0";
    return text + "}";
  };
  EXPECT_NO_THROW(ParseJson(members(2000), "x.json"));
  EXPECT_THAT([&] { ParseJson(members(1'000'000), "x.json"); },
              ThrowsMessage<Error>(HasSubstr("an object has more than 65536 members at line 1")));
  // A list may be long.
  std::string list = "[0";
  for (int i = 0; i < 100'000; ++i) list += ",0";
  EXPECT_EQ(ParseJson(list + "]", "x.json").size(), 100'001U);
}

}  // namespace
}  // namespace milan
