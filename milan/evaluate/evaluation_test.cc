#include "milan/evaluate/evaluation.h"

#include <stdexcept>

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
  return {"conv1", unit, std::move(predictions), std::move(references), ""};
}

auto Named(const std::string& name) { return Field(&EvaluationRow::name, name); }

std::vector<EvaluationRow> EvaluateWords(const EvaluationData& data,
                                         const EvaluationOptions& options = {}) {
  return Evaluate(data, MakeMetrics(data, {}), options);
}

const Interval& ScoreOf(const EvaluationRow& row, const char* column) {
  const Score* score = row.Find(column);
  if (score == nullptr) throw std::runtime_error(std::string("no score ") + column);
  return score->interval;
}

TEST(EvaluateTest, GivesARowForEverySetAndBaseline) {
  EvaluationData data;
  data.names = {"right", "wrong"};
  data.units = {Unit(0, {"round red dogs on grass", ""}, {"round red dogs on grass", "red dogs"}),
                Unit(1, {"blue cars on a road", "a"}, {"blue cars on a road"}),
                Unit(2, {"white text in a box", "b"}, {"white text in a box", "tall trees"})};
  data.training_texts = {"green trees", "red dogs and cars", "red cars", "dogs"};
  const std::vector<EvaluationRow> rows = EvaluateWords(data);
  ASSERT_THAT(rows, ElementsAre(Named("right"), Named("wrong"), Named("constant"),
                                Named("shuffled"), Named("annotator")));
  EXPECT_EQ(rows[0].units, 3);
  EXPECT_NEAR(ScoreOf(rows[0], "bleu").value, 100, 1e-9);
  EXPECT_NEAR(ScoreOf(rows[0], "content_word_f1").value, 1, 1e-9);
  EXPECT_EQ(ScoreOf(rows[1], "content_word_f1").value, 0);
  EXPECT_LT(ScoreOf(rows[3], "content_word_f1").value, 0.3);
  EXPECT_EQ(rows[4].units, 2);
  // "red dogs" against {round, red, dog, grass} is 2 * 2 / 6; "tall trees" has nothing in common.
  EXPECT_NEAR(ScoreOf(rows[4], "content_word_f1").value, (4.0 / 6 + 0) / 2, 1e-9);
  for (const EvaluationRow& row : rows) {
    EXPECT_EQ(row.Find("embedding_score"), nullptr);
    for (const char* column : {"bleu", "rouge_1", "content_word_f1", "retrieval_mrr"}) {
      EXPECT_LE(ScoreOf(row, column).low, ScoreOf(row, column).value) << column;
      EXPECT_GE(ScoreOf(row, column).high, ScoreOf(row, column).value) << column;
    }
  }
}

TEST(EvaluateTest, RowsWithNothingToScoreAreLeftOut) {
  EvaluationData data;
  data.names = {"milan"};
  data.units = {Unit(0, {"red"}, {"red"})};
  EXPECT_THAT(EvaluateWords(data), ElementsAre(Named("milan")));
  data.units.clear();
  EXPECT_THAT(EvaluateWords(data), IsEmpty());
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
    const std::vector<EvaluationRow> rows = EvaluateWords(data, options);
    ASSERT_THAT(rows, ElementsAre(Named("milan"), Named("shuffled")));
    EXPECT_EQ(ScoreOf(rows[1], "content_word_f1").value, 0);
  }
}

TEST(EvaluateTest, DescriptionsAreJudgedByWhetherTheyTellUnitsApart) {
  EvaluationData data;
  data.names = {"apart", "alike"};
  for (int i = 0; i < 120; ++i) {
    const std::string text = "thing" + std::to_string(i);
    data.units.push_back(Unit(i, {text, i < 60 ? "dogs" : "cats"}, {text + " on grass"}));
  }
  EvaluationOptions options;
  options.constants = {"grass"};
  const std::vector<EvaluationRow> rows = EvaluateWords(data, options);
  ASSERT_THAT(rows, ElementsAre(Named("apart"), Named("alike"), Named("constant: grass"),
                                Named("shuffled")));
  EXPECT_EQ(ScoreOf(rows[0], "distinct").value, 1);
  EXPECT_EQ(ScoreOf(rows[0], "retrieval_top1").value, 1);
  EXPECT_EQ(ScoreOf(rows[1], "distinct").value, 2.0 / 120);
  EXPECT_EQ(ScoreOf(rows[1], "entropy_bits").value, 1);
  ASSERT_EQ(rows[1].repeated.most_frequent.size(), 2);
  EXPECT_EQ(rows[1].repeated.most_frequent[0].units, 60);
  // The same for all: chance, however well it agrees with each.
  EXPECT_NEAR(ScoreOf(rows[2], "retrieval_top1").value, 0.01, 1e-9);
  EXPECT_GT(ScoreOf(rows[2], "content_word_f1").value, 0.5);
  EXPECT_LT(ScoreOf(rows[3], "retrieval_top1").value, 0.01);
  EXPECT_EQ(rows[0].Find("retrieval_top1")->title, "top-1 of 100");
}

TEST(EvaluateTest, RowsByCertaintyAreOfThoseUnitsOnly) {
  EvaluationData data;
  data.names = {"milan"};
  data.units = {Unit(0, {"a dog"}, {"a dog"}), Unit(1, {"a cat"}, {"a car", "a cat"}),
                Unit(2, {"sky"}, {"grass"}), Unit(3, {"sky"}, {"sky"})};
  data.units[0].certainty = "unclear";
  data.units[1].certainty = data.units[2].certainty = "clear";
  EvaluationOptions options;
  options.by_certainty = true;
  const std::vector<EvaluationRow> rows = EvaluateWords(data, options);
  ASSERT_THAT(rows, ElementsAre(Named("milan"), Named("shuffled"), Named("annotator"),
                                Named("milan"), Named("shuffled")));
  EXPECT_EQ(rows[0].certainty, "clear");
  EXPECT_EQ(rows[0].units, 2);
  EXPECT_EQ(ScoreOf(rows[0], "content_word_f1").value, 0.5);
  EXPECT_EQ(rows[2].units, 1);
  EXPECT_EQ(rows[3].certainty, "unclear");
  EXPECT_EQ(ScoreOf(rows[3], "content_word_f1").value, 1);
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
  for (const char* file : {"mobilenet_v2.csv", "resnet18_to_layer3.csv", "squeezenet1_1.csv",
                           "squeezenet_places365.csv"}) {
    const EvaluationData data = AnnotatorsAgainstEachOther(file);
    const std::vector<EvaluationRow> rows =
        Evaluate(data, MakeMetrics(data, {&vectors, nullptr, {}, false}), {});
    ASSERT_THAT(rows, ElementsAre(Named("a1"), Named("constant"), Named("shuffled")));
    SCOPED_TRACE(std::string(file) + "\n" + ToMarkdown(rows));
    EXPECT_GT(ScoreOf(rows[0], "content_word_f1").value, 0.43);
    EXPECT_LT(ScoreOf(rows[0], "content_word_f1").value, 0.52);
    EXPECT_LT(ScoreOf(rows[1], "content_word_f1").value, 0.20);
    EXPECT_LT(ScoreOf(rows[2], "content_word_f1").value, 0.09);
    EXPECT_GT(ScoreOf(rows[0], "embedding_score").low, ScoreOf(rows[1], "embedding_score").high);
    EXPECT_GT(ScoreOf(rows[0], "embedding_score").low, ScoreOf(rows[2], "embedding_score").high);
    for (const char* column : {"rouge_1", "rouge_l", "retrieval_mrr", "retrieval_top1"}) {
      EXPECT_GT(ScoreOf(rows[0], column).low, ScoreOf(rows[1], column).value) << column;
      EXPECT_GT(ScoreOf(rows[0], column).low, ScoreOf(rows[2], column).value) << column;
    }
    EXPECT_LT(ScoreOf(rows[1], "distinct").value, 0.1);
  }
}

}  // namespace
}  // namespace milan
