#include "milan/evaluate/evaluation_table.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/csv.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<EvaluationRow> Rows() {
  return {{"milan, \"x|y\"", 230, {12.34, 10, 15.06}, Interval{0.5, 0.25, 0.75}, {0.3, 0.2, 0.4}},
          {"constant", 230, {0.5, 0, 1}, std::nullopt, {0.1, 0.05, 0.15}}};
}

TEST(EvaluationTableTest, MarkdownShowsValuesWithIntervals) {
  EXPECT_EQ(ToMarkdown(Rows()),
            "| texts | units | BLEU | embedding score | content-word F1 |\n"
            "| --- | ---: | ---: | ---: | ---: |\n"
            "| milan, \"x\\|y\" | 230 | 12.3 (10.0–15.1) | 0.500 (0.250–0.750) | "
            "0.300 (0.200–0.400) |\n"
            "| constant | 230 | 0.5 (0.0–1.0) | – | 0.100 (0.050–0.150) |\n");
}

TEST(EvaluationTableTest, CsvReadsBack) {
  const CsvTable table = ParseCsv(ToCsv(Rows()), "test");
  EXPECT_THAT(table.header, SizeIs(11));
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("milan, \"x|y\"", "230", "12.34", "10", "15.06",
                                                  "0.5", "0.25", "0.75", "0.3", "0.2", "0.4"),
                                      ElementsAre("constant", "230", "0.5", "0", "1", "", "", "",
                                                  "0.1", "0.05", "0.15")));
}

}  // namespace
}  // namespace milan
