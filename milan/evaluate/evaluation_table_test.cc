#include "milan/evaluate/evaluation_table.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/csv.h"
#include "milan/base/json.h"

namespace milan {
namespace {

using ::testing::ElementsAre;

EvaluationRow Row(const std::string& name, const std::string& certainty, int64_t units,
                  double shift) {
  EvaluationRow row;
  row.name = name;
  row.certainty = certainty;
  row.units = units;
  row.agreement = {{"bleu", "BLEU", {12.34 + shift, 10, 15.06}, 1},
                   {"meteor", "METEOR", {0.5, 0.25, 0.75}}};
  row.distinction = {{"distinct", "distinct", {0.875, 0, 0}, 3, false},
                     {"retrieval_mrr", "MRR of 100", {0.3, 0.2, 0.4}}};
  return row;
}

std::vector<EvaluationRow> Rows() {
  std::vector<EvaluationRow> rows = {Row("milan, \"x|y\"", "", 230, 0), Row("constant", "", 230, 1),
                                     Row("milan", "clear", 30, 2)};
  rows[0].repeated = {230, 229, 7, 8, {{"a \"dog\"", 2}}};
  rows[1].repeated = {230, 1, 0, 8, {{"things", 230}}};
  return rows;
}

TEST(EvaluationTableTest, MarkdownShowsValuesWithIntervals) {
  EXPECT_EQ(ToMarkdown(Rows()),
            "| texts | units | BLEU | METEOR |\n"
            "| --- | ---: | ---: | ---: |\n"
            "| milan, \"x\\|y\" | 230 | 12.3 (10.0–15.1) | 0.500 (0.250–0.750) |\n"
            "| constant | 230 | 13.3 (10.0–15.1) | 0.500 (0.250–0.750) |\n"
            "\n"
            "| texts | units | distinct | MRR of 100 |\n"
            "| --- | ---: | ---: | ---: |\n"
            "| milan, \"x\\|y\" | 230 | 0.875 | 0.300 (0.200–0.400) |\n"
            "| constant | 230 | 0.875 | 0.300 (0.200–0.400) |\n"
            "\n"
            "- most repeated of milan, \"x\\|y\": \"a \"dog\"\" 2\n"
            "\n"
            "Units whose content is clear:\n"
            "\n"
            "| texts | units | BLEU | METEOR |\n"
            "| --- | ---: | ---: | ---: |\n"
            "| milan | 30 | 14.3 (10.0–15.1) | 0.500 (0.250–0.750) |\n"
            "\n"
            "| texts | units | distinct | MRR of 100 |\n"
            "| --- | ---: | ---: | ---: |\n"
            "| milan | 30 | 0.875 | 0.300 (0.200–0.400) |\n");
  EXPECT_EQ(ToMarkdown({}), "");
}

TEST(EvaluationTableTest, CsvReadsBack) {
  const CsvTable table = ParseCsv(ToCsv(Rows()), "test");
  EXPECT_THAT(table.header,
              ElementsAre("name", "certainty", "units", "bleu", "bleu_low", "bleu_high", "meteor",
                          "meteor_low", "meteor_high", "distinct", "retrieval_mrr",
                          "retrieval_mrr_low", "retrieval_mrr_high"));
  EXPECT_THAT(table.rows[0], ElementsAre("milan, \"x|y\"", "", "230", "12.34", "10", "15.06", "0.5",
                                         "0.25", "0.75", "0.875", "0.3", "0.2", "0.4"));
  EXPECT_EQ(table.rows[2][1], "clear");
}

TEST(EvaluationTableTest, JsonSaysTheSame) {
  const Json list = ParseJson(ToJson(Rows()), "test");
  ASSERT_EQ(list.size(), 3);
  EXPECT_EQ(list[0]["name"], "milan, \"x|y\"");
  EXPECT_EQ(list[0]["bleu"]["value"], 12.34);
  EXPECT_EQ(list[0]["meteor"]["high"], 0.75);
  EXPECT_EQ(list[0]["distinct"], 0.875);
  EXPECT_EQ(list[0]["repeated"][0]["units"], 2);
  EXPECT_EQ(list[2]["certainty"], "clear");
}

}  // namespace
}  // namespace milan
