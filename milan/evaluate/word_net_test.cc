#include "milan/evaluate/word_net.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/evaluate/test_word_net.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::Throws;

class WordNetTest : public ::testing::Test {
 protected:
  const TemporaryFolder folder_;
  const WordNet net_ = WordNet::Read(WriteSmallWordNet(folder_ / "dict"));
};

TEST_F(WordNetTest, WordsOfOneSetAreSynonyms) {
  EXPECT_TRUE(net_.AreSynonyms("car", "automobile"));
  EXPECT_TRUE(net_.AreSynonyms("automobile", "car"));
  EXPECT_TRUE(net_.AreSynonyms("large", "big"));
  EXPECT_FALSE(net_.AreSynonyms("car", "dog"));
  EXPECT_FALSE(net_.AreSynonyms("drive", "go"));  // not through "run"
  EXPECT_THAT(net_.Synsets("car"), SizeIs(2));
}

TEST_F(WordNetTest, NumbersOfDifferentPartsOfSpeechAreDifferentSets) {
  // The files number the sets of each part on their own: 100 is a car, going, and big.
  EXPECT_FALSE(net_.AreSynonyms("automobile", "go"));
  EXPECT_FALSE(net_.AreSynonyms("automobile", "big"));
}

TEST_F(WordNetTest, SensesOfOnePartComeInWordNetsOrder) {
  const std::vector<int64_t> car = net_.Senses(WordNet::kNoun, "cars");
  ASSERT_EQ(car.size(), 2U);
  EXPECT_EQ(car.front(), net_.Senses(WordNet::kNoun, "automobile").front())
      << "the most frequent sense first";
  EXPECT_EQ(net_.Senses(WordNet::kVerb, "ran"), net_.Senses(WordNet::kVerb, "run"));
  EXPECT_TRUE(net_.Senses(WordNet::kVerb, "car").empty()) << "a noun only";
  EXPECT_TRUE(net_.Senses(WordNet::kAdjective, "unheard").empty());
}

TEST_F(WordNetTest, FormsHaveTheSetsOfTheirBaseForms) {
  EXPECT_TRUE(net_.AreSynonyms("cars", "automobiles"));
  EXPECT_TRUE(net_.AreSynonyms("driving", "run"));
  EXPECT_TRUE(net_.AreSynonyms("ran", "goes"));
  EXPECT_FALSE(net_.AreSynonyms("larger", "biggest"));  // no rule doubles the g
  EXPECT_TRUE(net_.AreSynonyms("larger", "big"));
  EXPECT_TRUE(net_.AreSynonyms("mice", "mouse"));
  EXPECT_TRUE(net_.AreSynonyms("boxes", "box"));
  EXPECT_TRUE(net_.AreSynonyms("men", "man"));
  EXPECT_THAT(net_.Synsets("s"), IsEmpty());
  EXPECT_THAT(net_.Synsets(""), IsEmpty());
  EXPECT_THAT(net_.Synsets("zebra"), IsEmpty());
}

TEST_F(WordNetTest, BrokenFilesAreNamedWithTheLine) {
  const auto fails = [](const std::string& a, const std::string& b) {
    return Throws<Error>(AllOf(Property(&Error::kind, ErrorKind::kInput),
                               Property(&Error::what, AllOf(HasSubstr(a), HasSubstr(b)))));
  };
  const Path folder = WriteSmallWordNet(folder_ / "broken");
  for (const char* line : {"dog", "dog n x 1 @ 1 0 00000300", "dog n 9 1 @ 1 0 00000300",
                           "dog n 1 1 @ 1 0 offset", "dog n 0 1 @ 1 0", "dog n 1 99999999999999"}) {
    WriteFileAtomically(folder / "index.verb", std::string("  licence\n") + line + "\n");
    EXPECT_THAT([&] { WordNet::Read(folder); }, fails("index.verb", "line 2")) << line;
  }
  WriteSmallWordNet(folder);
  WriteFileAtomically(folder / "noun.exc", "mice\n");
  EXPECT_THAT([&] { WordNet::Read(folder); }, fails("noun.exc", "line 1"));
  EXPECT_THAT([&] { WordNet::Read(folder_ / "absent"); }, fails("absent", "index.noun"));
}

TEST(DebianWordNetTest, KnowsEverydaySynonyms) {
  const Path folder = WordNet::kDebianFolder;
  if (!std::filesystem::exists(folder / "index.noun")) {
    GTEST_SKIP() << "needs Debian's package wordnet-base";
  }
  const WordNet net = WordNet::Read(folder);
  EXPECT_TRUE(net.AreSynonyms("car", "automobile"));
  EXPECT_TRUE(net.AreSynonyms("pictures", "image"));
  EXPECT_TRUE(net.AreSynonyms("children", "kid"));
  EXPECT_FALSE(net.AreSynonyms("dog", "cat"));
  EXPECT_FALSE(net.AreSynonyms("red", "green"));
}

}  // namespace
}  // namespace milan
