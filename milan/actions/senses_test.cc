#include "milan/actions/senses.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/actions/test_senses.h"
#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class SensesTest : public ::testing::Test {
 protected:
  TemporaryFolder folder_;
  Path dictionary_ = WriteSmallSenses(folder_.path());
  Senses senses_ = Senses::Read(dictionary_);
};

TEST_F(SensesTest, NounsHaveFields) {
  EXPECT_EQ(senses_.FieldOf("dogs"), "animal");
  EXPECT_EQ(senses_.FieldOf("woman"), "person");
  EXPECT_EQ(senses_.FieldOf("round"), "");
}

TEST_F(SensesTest, KindsAreFollowedToTheTop) {
  EXPECT_TRUE(senses_.IsKindOf("woman", "individual"));
  EXPECT_TRUE(senses_.IsKindOf("woman", "entity"));
  EXPECT_FALSE(senses_.IsKindOf("person", "individual"));
  EXPECT_TRUE(senses_.MeanTheSame("persons", "individual"));
  EXPECT_FALSE(senses_.MeanTheSame("round", "round"));
}

TEST_F(SensesTest, UsesAreOfTheWordAndItsBaseForms) {
  EXPECT_THAT(senses_.UsesOf("light"), ElementsAre(3, 1, 9, -1));
  EXPECT_THAT(senses_.UsesOf("lights"), ElementsAre(3, 1, -1, -1));
  EXPECT_THAT(senses_.UsesOf("round"), ElementsAre(-1, -1, 2, -1));
  EXPECT_THAT(senses_.UsesOf("unknown"), ElementsAre(-1, -1, -1, -1));
}

TEST_F(SensesTest, CountsMayBeMissingAndBrokenLinesAreNamed) {
  std::filesystem::remove(dictionary_ / "cntlist.rev");
  EXPECT_THAT(Senses::Read(dictionary_).UsesOf("light"), ElementsAre(0, 0, 0, -1));
  WriteFileAtomically(dictionary_ / "cntlist.rev", "light%1:06:00:: 1\n");
  EXPECT_THAT([&] { Senses::Read(dictionary_); }, ThrowsMessage<Error>(HasSubstr("cntlist.rev")));
  WriteSmallSenses(dictionary_);
  for (const char* line : {"00000100 xx n 01 a 0 000 |\n", "00000100 03 n 01 a 0\n",
                           "00000100 03 n 01 a 0 002 @ 00000200 n 0000\n", "\x01\n"}) {
    WriteFileAtomically(dictionary_ / "data.noun", line);
    EXPECT_THAT([&] { Senses::Read(dictionary_); },
                ThrowsMessage<Error>(HasSubstr("data.noun: line 1")))
        << line;
  }
}

}  // namespace
}  // namespace milan
