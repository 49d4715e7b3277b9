#include "milan/actions/properties.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/actions/test_senses.h"
#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

class PropertiesTest : public ::testing::Test {
 protected:
  double Value(const std::string& name, const std::string& text) const {
    return MakeProperty(name, {&classes_, nullptr}).value(text);
  }
  WordClasses classes_{nullptr};
};

TEST_F(PropertiesTest, LengthIsInWordsOrBytes) {
  EXPECT_EQ(Value("words", "red dogs, mostly."), 3);
  EXPECT_EQ(Value("characters", "red"), 3);
  EXPECT_EQ(Value("words", ""), 0);
}

TEST_F(PropertiesTest, CategoriesCountWords) {
  EXPECT_EQ(Value("colour", "red and blue stripes"), 2);
  EXPECT_EQ(Value("texture", "red and blue stripes"), 1);
  EXPECT_EQ(Value("text", "letters on signs, words"), 3);
  EXPECT_EQ(Value("text", "rough texture"), 0);
  EXPECT_EQ(Value("person", "people and women"), 2);
  EXPECT_EQ(Value("animal", "dog faces"), 1);
  EXPECT_EQ(Value("part", "dog faces"), 1);
}

TEST_F(PropertiesTest, PartsOfSpeechFollowListsAndEndings) {
  EXPECT_EQ(Value("adjectives", "red dogs"), 1);
  EXPECT_EQ(Value("nouns", "red dogs"), 1);
  EXPECT_EQ(Value("prepositions", "red dogs in the middle of grass"), 2);
  EXPECT_EQ(Value("verbs", "dogs running"), 1);
  EXPECT_EQ(Value("adverbs", "brightly lit"), 1);
}

TEST_F(PropertiesTest, PatternsAreFoundInAnyCase) {
  EXPECT_EQ(Value("re:stripe|dot", "Dotted cloth"), 1);
  EXPECT_EQ(Value("re:stripe|dot", "plain cloth"), 0);
  EXPECT_THAT([&] { Value("re:(", ""); }, ThrowsMessage<Error>(HasSubstr("regular expression")));
}

TEST_F(PropertiesTest, UnknownNamesAreAnsweredWithTheKnownOnes) {
  EXPECT_THAT([&] { Value("colors", ""); }, ThrowsMessage<Error>(HasSubstr("colour")));
  EXPECT_THAT([&] { Value("spread", ""); }, ThrowsMessage<Error>(HasSubstr("--vectors")));
  for (const std::string& name : DefaultProperties()) {
    EXPECT_THAT(PropertyNames({&classes_, nullptr}), Contains(name));
  }
  EXPECT_THAT(PropertyNames({&classes_, nullptr}), Not(Contains("spread")));
}

TEST_F(PropertiesTest, SpreadIsTheLargestDistance) {
  const WordVectors vectors({"red", "blue", "dog"}, {{3, 2}, {1, 0, 1, 0, -2, 0}});
  const Property spread = MakeProperty("spread", {&classes_, &vectors});
  EXPECT_NEAR(spread.value("red and blue"), 0, 1e-6);
  EXPECT_NEAR(spread.value("red and blue dogs"), 4, 1e-6);
  EXPECT_EQ(spread.value("unknown"), 0);
}

TEST_F(PropertiesTest, CategoriesAreCountedByText) {
  const std::vector<std::string> texts = {"red and blue things", "red dogs", "edges"};
  const auto counts = CountCategories(texts, classes_);
  const auto names = WordClasses::Categories();
  const auto count = [&](std::string_view name) {
    return counts[std::find(names.begin(), names.end(), name) - names.begin()];
  };
  EXPECT_EQ(count("colour"), 2);
  EXPECT_EQ(count("animal"), 1);
  EXPECT_EQ(count("shape"), 1);
  EXPECT_EQ(count("food"), 0);
}

TEST(PropertiesSensesTest, WordNetTellsPartsOfSpeechAndFields) {
  TemporaryFolder folder;
  const Senses senses = Senses::Read(WriteSmallSenses(folder.path()));
  const WordClasses classes(&senses);
  const auto class_of = [&](const std::string& text, size_t word) {
    return classes.Classify(text)[word].word_class;
  };
  EXPECT_EQ(class_of("round cars", 0), WordClass::kAdjective);
  EXPECT_EQ(class_of("a run", 1), WordClass::kNoun);  // the end of a phrase
  EXPECT_EQ(class_of("running", 0), WordClass::kVerb);
  EXPECT_EQ(class_of("lights", 0), WordClass::kNoun);
  // In no list of milan's, but WordNet knows what it is.
  EXPECT_THAT(classes.Classify("automobile")[0].categories, Contains("object"));
}

TEST(DebianWordNetClassesTest, UnderstandsUsualDescriptions) {
  const Path folder = WordNet::kDebianFolder;
  if (!std::filesystem::exists(folder / "data.noun")) {
    GTEST_SKIP() << "needs Debian's package wordnet-base";
  }
  const Senses senses = Senses::Read(folder);
  const WordClasses classes(&senses);
  const auto tags = [&](const std::string& text) {
    std::string letters;
    for (const auto& word : classes.Classify(text)) letters += ToString(word.word_class)[0];
    return letters;  // n v a (adjective, adverb) p o
  };
  EXPECT_EQ(tags("thin diagonal lines rising to the right"), "aanvpon");
  EXPECT_EQ(tags("bright blue surfaces and their edges"), "aanoon");
  EXPECT_EQ(tags("dog faces"), "nn");
  EXPECT_EQ(tags("striped animals with dark legs"), "anpan");
  EXPECT_THAT(classes.Classify("spaniels")[0].categories, Contains("animal"));
}

}  // namespace
}  // namespace milan
