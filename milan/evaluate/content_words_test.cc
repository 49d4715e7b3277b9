#include "milan/evaluate/content_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SingularTest, UndoesRegularPlurals) {
  EXPECT_EQ(Singular("dogs"), "dog");
  EXPECT_EQ(Singular("edges"), "edge");
  EXPECT_EQ(Singular("patches"), "patch");
  EXPECT_EQ(Singular("boxes"), "box");
  EXPECT_EQ(Singular("berries"), "berry");
  for (const char* word : {"grass", "iris", "cactus", "bus", "dog", "s", ""}) {
    EXPECT_EQ(Singular(word), word);
  }
}

TEST(ContentWordsTest, LeaveOutFunctionWordsAndPunctuation) {
  EXPECT_THAT(ContentWords("The dog's faces, and 3 close-ups of dogs!"),
              ElementsAre("3", "close", "dog", "face", "ups"));
  EXPECT_THAT(ContentWords("of the, and."), IsEmpty());
  EXPECT_THAT(ContentWords(""), IsEmpty());
}

TEST(ContentWordF1Test, IsTheOverlapWithTheBestReference) {
  EXPECT_DOUBLE_EQ(ContentWordF1("red dogs", {"the dog is red"}), 1);
  EXPECT_DOUBLE_EQ(ContentWordF1("red dogs", {"green cats", "red cats"}), 0.5);
  EXPECT_DOUBLE_EQ(ContentWordF1("red", {"a red and a white dog"}), 0.5);
  EXPECT_DOUBLE_EQ(ContentWordF1("", {"red"}), 0);
  EXPECT_DOUBLE_EQ(ContentWordF1("the", {"the"}), 0);
  EXPECT_DOUBLE_EQ(ContentWordF1("red", {}), 0);
}

}  // namespace
}  // namespace milan
