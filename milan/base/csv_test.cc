#include "milan/base/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Csv, ReadsQuotesCommasAndLineBreaks) {
  const CsvTable table = ParseCsv("layer,text\r\na,\"x, \"\"y\"\"\nz\"\r\n\r\nb,\n", "t.csv");
  EXPECT_THAT(table.header, ElementsAre("layer", "text"));
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("a", "x, \"y\"\nz"), ElementsAre("b", "")));
}

TEST(Csv, WritesWhatItReads) {
  const std::vector<std::string> fields = {"plain", "", "a,b", "say \"hi\"", "two\nlines", "ünï"};
  const CsvTable table = ParseCsv("1,2,3,4,5,6\n" + CsvLine(fields), "t.csv");
  ASSERT_EQ(table.rows.size(), 1);
  EXPECT_EQ(table.rows[0], fields);
}

TEST(Csv, SkipsTheByteOrderMark) {
  EXPECT_THAT(ParseCsv("\xEF\xBB\xBFlayer\nx\n", "t.csv").header, ElementsAre("layer"));
}

TEST(Csv, ErrorsNameFileLineAndColumn) {
  EXPECT_THAT([] { ParseCsv("a,b\n1,2\n3\n", "t.csv"); },
              ThrowsMessage<Error>(HasSubstr("t.csv: line 3 has 1 fields")));
  EXPECT_THAT([] { ParseCsv("a,b\n\"1,2\n", "t.csv"); },
              ThrowsMessage<Error>(HasSubstr("the quote opened on line 2")));
  EXPECT_THAT([] { ParseCsv("", "t.csv"); }, ThrowsMessage<Error>(HasSubstr("t.csv: is empty")));
  EXPECT_THAT([] { ParseCsv("a,b\n", "t.csv").Column("c"); },
              ThrowsMessage<Error>(HasSubstr("no column 'c' (its columns: a, b)")));
}

}  // namespace
}  // namespace milan
