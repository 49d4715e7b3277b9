#include "milan/evaluate/evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/evaluate/evaluation_table.h"
#include "milan/text/annotations.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;

EvaluatedUnit Unit(int64_t unit, std::vector<std::string> predictions,
                   std::vector<std::string> references) {
  return {"conv1", unit, std::move(predictions), std::move(references)};
}

auto Named(const std::string& name) { return Field(&EvaluationRow::name, name); }

TEST(EvaluateTest, GivesARowForEverySetAndBaseline) {
  EvaluationData data;
  data.names = {"right", "wrong"};
  data.units = {Unit(0, {"round red dogs on grass", ""}, {"round red dogs on grass", "red dogs"}),
                Unit(1, {"blue cars on a road", "a"}, {"blue cars on a road"}),
                Unit(2, {"white text in a box", "b"}, {"white text in a box", "tall trees"})};
  data.training_texts = {"green trees", "red dogs and cars", "red cars", "dogs"};
  const std::vector<EvaluationRow> rows = Evaluate(data, {});
  ASSERT_THAT(rows, ElementsAre(Named("right"), Named("wrong"), Named("constant"),
                                Named("shuffled"), Named("annotator")));
  EXPECT_EQ(rows[0].units, 3);
  EXPECT_NEAR(rows[0].bleu.value, 100, 1e-9);
  EXPECT_NEAR(rows[0].content_word_f1.value, 1, 1e-9);
  EXPECT_EQ(rows[1].content_word_f1.value, 0);
  EXPECT_LT(rows[3].content_word_f1.value, 0.3);
  EXPECT_EQ(rows[4].units, 2);
  // "red dogs" against {round, red, dog, grass} is 2 * 2 / 6; "tall trees" has nothing in common.
  EXPECT_NEAR(rows[4].content_word_f1.value, (4.0 / 6 + 0) / 2, 1e-9);
  for (const EvaluationRow& row : rows) {
    EXPECT_FALSE(row.embedding_score.has_value());
    EXPECT_LE(row.bleu.low, row.bleu.value);
    EXPECT_GE(row.bleu.high, row.bleu.value);
  }
}

TEST(EvaluateTest, RowsWithNothingToScoreAreLeftOut) {
  EvaluationData data;
  data.names = {"milan"};
  data.units = {Unit(0, {"red"}, {"red"})};
  EXPECT_THAT(Evaluate(data, {}), ElementsAre(Named("milan")));
  data.units.clear();
  EXPECT_THAT(Evaluate(data, {}), IsEmpty());
}

TEST(EvaluateTest, NoUnitKeepsItsOwnDescriptionWhenShuffled) {
  EvaluationData data;
  data.names = {"milan"};
  for (int i = 0; i < 50; ++i) {
    const std::string text = "word" + std::to_string(i);
    data.units.push_back(Unit(i, {text}, {text}));
  }
  for (uint64_t seed = 0; seed < 5; ++seed) {
    EvaluationOptions options;
    options.seed = seed;
    const std::vector<EvaluationRow> rows = Evaluate(data, options);
    ASSERT_THAT(rows, ElementsAre(Named("milan"), Named("shuffled")));
    EXPECT_EQ(rows[1].content_word_f1.value, 0);
  }
}

TEST(ConstantDescriptionTest, IsTheTextThatFitsTheOthersBest) {
  EXPECT_EQ(
      ConstantDescription({"green trees", "red dogs", "red dogs and cars", "cars", "dogs"}, 1),
      "red dogs and cars");
  EXPECT_EQ(ConstantDescription({}, 1), "");
}

/// Annotator a1's texts as descriptions of the units that a2 also annotated.
EvaluationData AnnotatorsAgainstEachOther(const std::string& file) {
  EvaluationData data;
  data.names = {"a1"};
  const std::vector<Annotation> annotations = ReadAnnotations(SharedData("annotations/" + file));
  for (const Annotation& annotation : annotations) {
    if (annotation.annotator == "a1") data.training_texts.push_back(annotation.text);
  }
  const std::vector<NamedDescriptions> none;
  const EvaluationData all = Join(none, annotations, {"", "", {}});
  for (const EvaluatedUnit& unit : all.units) {
    if (unit.references.size() < 2) continue;
    data.units.push_back(Unit(unit.unit, {unit.references[0]}, {unit.references[1]}));
  }
  return data;
}

// The README of the annotations states 0.44 to 0.51 between annotators and 0.03 to 0.09 shuffled.
// Its best constant was chosen otherwise: on these few units ours scores 0.08 to 0.18.
TEST(EvaluateTest, AnnotatorsAgreeAsTheirReadmeSays) {
  MILAN_NEEDS_SHARED_DATA();
  const WordVectors vectors = WordVectors::Read(SharedData("words/glove_100d_8k.words.txt"),
                                                SharedData("words/glove_100d_8k.f16.npy"));
  EvaluationOptions options;
  options.vectors = &vectors;
  for (const char* file : {"mobilenet_v2.csv", "resnet18_to_layer3.csv", "squeezenet1_1.csv",
                           "squeezenet_places365.csv"}) {
    const std::vector<EvaluationRow> rows = Evaluate(AnnotatorsAgainstEachOther(file), options);
    ASSERT_THAT(rows, ElementsAre(Named("a1"), Named("constant"), Named("shuffled")));
    SCOPED_TRACE(std::string(file) + "\n" + ToMarkdown(rows));
    EXPECT_GT(rows[0].content_word_f1.value, 0.43);
    EXPECT_LT(rows[0].content_word_f1.value, 0.52);
    EXPECT_LT(rows[1].content_word_f1.value, 0.20);
    EXPECT_LT(rows[2].content_word_f1.value, 0.09);
    EXPECT_GT(rows[0].embedding_score->low, rows[1].embedding_score->high);
    EXPECT_GT(rows[0].embedding_score->low, rows[2].embedding_score->high);
  }
}

}  // namespace
}  // namespace milan
