#include "milan/evaluate/evaluation_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::Throws;

UnitDescription Described(const std::string& layer, int64_t unit, const std::string& text) {
  UnitDescription description;
  description.layer = layer;
  description.unit = unit;
  description.state = text.empty() ? "dead" : "alive";
  description.best.text = text;
  return description;
}

NamedDescriptions Named(const std::string& name, std::vector<UnitDescription> units) {
  NamedDescriptions named;
  named.name = name;
  named.descriptions.units = std::move(units);
  return named;
}

class JoinTest : public ::testing::Test {
 protected:
  const std::vector<Annotation> annotations_ = {
      {"conv1", 1, "val", "a1", "clear", "one by a1"},
      {"conv1", 0, "val", "a1", "partly", "zero by a1"},
      {"conv1", 1, "val", "a2", "partly", "one by a2"},
      {"conv1", 2, "train", "a1", "clear", "two by a1"},
      {"conv1", 3, "val", "a1", "unclear", "three by a1"},
      {"conv1", 4, "train", "a1", "unclear", "four by a1"},
      {"conv2", 0, "val", "a1", "clear", "not described"},
  };
  const std::vector<NamedDescriptions> described_ = {
      Named("milan", {Described("conv1", 0, ""), Described("conv1", 1, "x"),
                      Described("conv1", 2, "y"), Described("conv1", 3, "z")}),
      Named("plain", {Described("conv1", 1, "v"), Described("conv1", 0, "w")})};
};

TEST_F(JoinTest, PairsDescriptionsWithAllTextsOfTheSplit) {
  const EvaluationData data = Join(described_, annotations_, {});
  EXPECT_THAT(data.names, ElementsAre("milan", "plain"));
  ASSERT_THAT(data.units, SizeIs(2));
  EXPECT_EQ(data.units[0].layer, "conv1");
  EXPECT_EQ(data.units[0].unit, 1);
  EXPECT_THAT(data.units[0].predictions, ElementsAre("x", "v"));
  EXPECT_THAT(data.units[0].references, ElementsAre("one by a1", "one by a2"));
  EXPECT_EQ(data.units[0].certainty, "clear");                   // of the first text
  EXPECT_THAT(data.units[1].predictions, ElementsAre("", "w"));  // dead counts as no text
  EXPECT_THAT(data.training_texts, ElementsAre("two by a1"));
}

TEST_F(JoinTest, FiltersCanBeOpened) {
  const std::span<const NamedDescriptions> milan = std::span(described_).first(1);
  EXPECT_THAT(Join(milan, annotations_, {"val", "train", {}}).units, SizeIs(3));
  EXPECT_THAT(Join(milan, annotations_, {"val", "train", {"clear"}}).units, SizeIs(1));
  EXPECT_THAT(Join(milan, annotations_, {"", "train", {}}).units, SizeIs(4));
  EXPECT_THAT(Join(milan, annotations_, {"train", "train", {}}).training_texts, IsEmpty());
}

TEST_F(JoinTest, AnnotationsWithoutSplitOrCertaintyAreEvaluated) {
  const std::vector<Annotation> plain = {{"conv1", 1, "", "", "", "text"}};
  const EvaluationData data = Join(described_, plain, {});
  EXPECT_THAT(data.units, SizeIs(1));
  EXPECT_THAT(data.training_texts, IsEmpty());  // never trained on what is evaluated
  const std::vector<Annotation> more = {{"conv1", 1, "", "", "", "text"},
                                        {"conv1", 9, "", "", "", "of a unit not described"}};
  EXPECT_THAT(Join(described_, more, {}).training_texts, ElementsAre("of a unit not described"));
}

TEST_F(JoinTest, NothingInCommonSaysWhatThereIs) {
  const auto fails = [](const std::string& a, const std::string& b) {
    return Throws<Error>(AllOf(Property(&Error::kind, ErrorKind::kInput),
                               Property(&Error::what, AllOf(HasSubstr(a), HasSubstr(b)))));
  };
  EXPECT_THAT(
      [&] {
        Join(described_, annotations_, {"test", "train", {}});
      },
      fails("'test'", "train, val"));
  const std::vector<NamedDescriptions> other = {Named("milan", {Described("fire2", 0, "x")})};
  EXPECT_THAT([&] { Join(other, annotations_, {}); }, fails("conv1, conv2", "fire2"));
  EXPECT_THAT([&] { Join(described_, {}, {}); }, fails("none", "conv1"));
}

}  // namespace
}  // namespace milan
