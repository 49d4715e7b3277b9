#include "milan/actions/concept.h"

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

std::string Found(const std::string& terms, const std::string& text) {
  const auto match = Concept::Parse(terms).Match(text, {});
  return match ? match->found : "";
}

TEST(ConceptTest, WordsAreFoundWhole) {
  EXPECT_EQ(Found("text", "White text on signs"), "text");
  EXPECT_EQ(Found("text", "texts."), "texts");
  EXPECT_EQ(Found("text", "rough texture"), "");
  EXPECT_EQ(Found("text", "textured fabric in context"), "");
  EXPECT_EQ(Found("letter|word", "lettering and swords"), "");
  EXPECT_EQ(Found("letters", "a letter"), "letter");
  EXPECT_EQ(Found("person", "People in hats"), "people");
  EXPECT_EQ(Found("man", "woman"), "");
}

TEST(ConceptTest, SubstringsAreCountedApart) {
  const Concept text = Concept::Parse("text|letter");
  EXPECT_TRUE(text.MatchesAsSubstring("rough Texture"));
  EXPECT_TRUE(text.MatchesAsSubstring("lettering"));
  EXPECT_FALSE(text.MatchesAsSubstring("words"));
  EXPECT_FALSE(Concept::Parse("tex.*").MatchesAsSubstring("tex.*"));
}

TEST(ConceptTest, SeveralWordsMatchInOrder) {
  EXPECT_EQ(Found("human face", "blurred human faces up close"), "human faces");
  EXPECT_EQ(Found("human face", "face of a human"), "");
  EXPECT_EQ(Found(" dog | human face ", "human face"), "human face");
}

TEST(ConceptTest, PatternsAreFoundBetweenWordBoundaries) {
  EXPECT_EQ(Found("stripe[sd]?", "striped cats"), "striped");
  EXPECT_EQ(Found("strip.", "pinstripe"), "");
  EXPECT_EQ(Found("(red|blue) dogs|cats", "blue dogs"), "blue dogs");
  EXPECT_EQ(Found("re:rip|xyz", "Striped cats"), "rip");
}

TEST(ConceptTest, WrongTermsAreNamed) {
  EXPECT_THAT([] { Concept::Parse("face||text"); }, ThrowsMessage<Error>(HasSubstr("empty")));
  EXPECT_THAT([] { Concept::Parse(""); }, ThrowsMessage<Error>(HasSubstr("empty")));
  EXPECT_THAT([] { Concept::Parse("(face"); }, ThrowsMessage<Error>(HasSubstr("(face")));
  EXPECT_THAT([] { Concept::Parse("--"); }, ThrowsMessage<Error>(HasSubstr("no word")));
  EXPECT_THAT(Concept::Parse("a b|c").Terms(), ElementsAre("a b", "c"));
}

class ConceptSensesTest : public ::testing::Test {
 protected:
  std::optional<ConceptMatch> Match(const std::string& terms, const std::string& text,
                                    bool with_kinds = true) const {
    return Concept::Parse(terms).Match(text, {.senses = &senses_, .with_kinds = with_kinds});
  }

  TemporaryFolder folder_;
  Senses senses_ = Senses::Read(WriteSmallSenses(folder_.path()));
};

TEST_F(ConceptSensesTest, SynonymsAndKindsAreWeakerThanWords) {
  EXPECT_EQ(Match("car", "red automobiles")->evidence, Evidence::kSynonym);
  EXPECT_EQ(Match("person", "women in hats")->evidence, Evidence::kKind);
  EXPECT_EQ(Match("person", "women in hats")->found, "women");
  EXPECT_EQ(Match("person", "women and individuals")->evidence, Evidence::kSynonym);
  EXPECT_EQ(Match("person", "individuals and persons")->evidence, Evidence::kWord);
  EXPECT_FALSE(Match("person", "women in hats", false).has_value());
  EXPECT_FALSE(Match("woman", "a person").has_value());
  EXPECT_FALSE(Match("dog", "a person").has_value());
  // "light" is a noun, too, and then an entity; but mostly it is none.
  EXPECT_FALSE(Match("entity", "light").has_value());
  EXPECT_TRUE(Match("entity", "lights").has_value());
}

TEST(ConceptVectorsTest, NearWordsAreTheWeakestEvidence) {
  const WordVectors vectors({"face", "head", "car", "tree"},
                            {{4, 2}, {5, 1, 5, 0.8F, -5, -1, -5, -0.8F}});
  const Concept face = Concept::Parse("face");
  const ConceptResources resources = {.vectors = &vectors, .least_nearness = 0.9};
  const auto near = face.Match("red heads", resources);
  ASSERT_TRUE(near.has_value());
  EXPECT_EQ(near->evidence, Evidence::kNear);
  EXPECT_EQ(near->found, "heads");
  EXPECT_GT(near->nearness, 0.9);
  EXPECT_FALSE(face.Match("cars and trees", resources).has_value());
  EXPECT_EQ(face.Match("heads and faces", resources)->evidence, Evidence::kWord);
}

TEST(DebianWordNetSensesTest, KnowsPeople) {
  const Path folder = WordNet::kDebianFolder;
  if (!std::filesystem::exists(folder / "data.noun")) {
    GTEST_SKIP() << "needs Debian's package wordnet-base";
  }
  const Senses senses = Senses::Read(folder);
  for (const char* person : {"woman", "child", "athlete", "player", "man"}) {
    EXPECT_TRUE(senses.IsKindOf(person, "person")) << person;
  }
  EXPECT_FALSE(senses.IsKindOf("dog", "person"));
  // WordNet's first noun of "white" is a person; in descriptions it is a colour.
  EXPECT_FALSE(Concept::Parse("person").Match("white dots", {.senses = &senses}).has_value());
  EXPECT_TRUE(senses.IsKindOf("terrier", "dog"));
  EXPECT_EQ(senses.FieldOf("dog"), "animal");
  EXPECT_EQ(senses.FieldOf("wheels"), "artifact");
  EXPECT_EQ(senses.FieldOf("furry"), "");
}

}  // namespace
}  // namespace milan
