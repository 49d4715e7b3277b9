#include "milan/text/tokenizer.h"

#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/random.h"
#include "milan/text/annotations.h"
#include "milan/text/utf8.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Joined(const std::vector<std::string>& tokens) {
  return fmt::format("{}", fmt::join(tokens, " "));
}

TEST(TokenizeTest, SplitsWordsAndPunctuation) {
  EXPECT_THAT(Tokenize("Dogs, cats; and (red) birds."),
              ElementsAre("dogs", ",", "cats", ";", "and", "(", "red", ")", "birds", "."));
  EXPECT_THAT(
      Tokenize("a close-up of\tblack-and-white\n stripes"),
      ElementsAre("a", "close", "-", "up", "of", "black", "-", "and", "-", "white", "stripes"));
  EXPECT_THAT(Tokenize(" \t\r\n "), IsEmpty());
  EXPECT_THAT(Tokenize(""), IsEmpty());
}

TEST(TokenizeTest, SplitsContractionsAsSpacyDoes) {
  EXPECT_EQ(Joined(Tokenize("a dog's face")), "a dog 's face");
  EXPECT_EQ(Joined(Tokenize("dogs' faces")), "dogs ' faces");
  EXPECT_EQ(Joined(Tokenize("they aren't round")), "they are n't round");
  EXPECT_EQ(Joined(Tokenize("we can't've")), "we ca n't 've");
  EXPECT_EQ(Joined(Tokenize("jack o'lanterns")), "jack o'lanterns");
  EXPECT_EQ(Joined(Tokenize("a dog\xE2\x80\x99s face")), "a dog 's face");  // typographic
}

TEST(TokenizeTest, KeepsNumbersAndAbbreviationsWhole) {
  EXPECT_EQ(Joined(Tokenize("3.5 meters, 1,000 dots. 35, 3d")),
            "3.5 meters , 1,000 dots . 35 , 3d");
  EXPECT_EQ(Joined(Tokenize("U.S. flags, e.g. red")), "u.s. flags , e.g. red");
  EXPECT_EQ(Joined(Tokenize("the letter a. the letter b")), "the letter a . the letter b");
}

TEST(TokenizeTest, LowersLatinLettersAndSurvivesBrokenText) {
  EXPECT_EQ(Joined(Tokenize("CAFÉ Ñandú")), "café ñandú");
  EXPECT_EQ(Joined(Tokenize("caf\xE9 dogs")), "caf \xEF\xBF\xBD dogs");
  EXPECT_EQ(Joined(Tokenize("red\u00A0cars\u2003“here”")), "red cars “ here ”");
  EXPECT_EQ(ToLower("ÀÞ×ß A\xFF"), "àþ×ß a\xEF\xBF\xBD");
}

TEST(TokenizeTest, TokenizingTokensAgainChangesNothing) {
  static constexpr std::string_view kPieces[] = {"a", "s", "n", "t",  "'", ".", ",", "-",   " ",
                                                 "3", "5", "U", "re", "é", "(", "_", "\xFF"};
  Random random(1);
  for (int trial = 0; trial < 20000; ++trial) {
    std::string text;
    for (uint64_t i = random.Below(12); i > 0; --i)
      text += kPieces[random.Below(std::size(kPieces))];
    const std::vector<std::string> tokens = Tokenize(text);
    ASSERT_EQ(Tokenize(Joined(tokens)), tokens) << text;
    for (const std::string& token : tokens) {
      ASSERT_FALSE(token.empty()) << text;
      ASSERT_TRUE(IsUtf8(token)) << text;
    }
  }
}

TEST(DetokenizeTest, WritesTextAsAnnotationsAre) {
  const auto round_trip = [](std::string_view text) { return Detokenize(Tokenize(text)); };
  for (const char* text : {"dogs, cats and birds", "close-ups of black-and-white stripes",
                           "dogs' faces and people's hands", "they aren't round; they're flat.",
                           "text (e.g. letters) at 3.5 meters", "café"}) {
    EXPECT_EQ(round_trip(text), text);
  }
  EXPECT_EQ(Detokenize({}), "");
}

TEST(DetokenizeTest, AnnotationsSurviveARoundTrip) {
  MILAN_NEEDS_SHARED_DATA();
  size_t changed = 0;
  const std::vector<Annotation> annotations =
      ReadAnnotations(SharedData("annotations/squeezenet1_1.csv"));
  for (const Annotation& annotation : annotations) {
    const std::vector<std::string> tokens = Tokenize(annotation.text);
    EXPECT_EQ(Tokenize(Detokenize(tokens)), tokens) << annotation.text;
    changed += Detokenize(tokens) == annotation.text ? 0 : 1;
  }
  EXPECT_LE(changed, annotations.size() / 200);
}

TEST(ReferenceDetokenizeTest, WritesWhatTheReferenceWrites) {
  EXPECT_EQ(ReferenceDetokenize({"people", "'s", "faces", ",", "close", "-", "up", ".", "trees"}),
            "People 's faces, close-up. Trees");
  EXPECT_EQ(ReferenceDetokenize({"a", "u.s", "flag"}), "A u. S flag");
  EXPECT_EQ(ReferenceDetokenize({"3.5", "meters"}), "3. 5 meters");
  EXPECT_EQ(ReferenceDetokenize({"Paris", "trees", "."}), "Paris trees.");
  EXPECT_EQ(ReferenceDetokenize({}), "");
}

}  // namespace
}  // namespace milan
