#include "milan/actions/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/actions/svg_plot.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::DoubleNear;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;

constexpr const char* kHostile = "<script>alert(1)</script>\"'&\x01";

TEST(HtmlTest, NamesFromOutsideCannotBecomeMarkup) {
  EXPECT_EQ(EscapeHtml(kHostile), "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp; ");
  EXPECT_THAT(HtmlPage(kHostile, ""), Not(HasSubstr("<script>")));
  EXPECT_THAT(ToHtml({{kHostile}, {}, {}}), Not(HasSubstr("<script>")));
  EXPECT_THAT(ToSvg(LinePlot{kHostile, kHostile, kHostile, {{kHostile, {{0, {}}}}}}),
              Not(HasSubstr("<script>")));
  EXPECT_THAT(ToSvg(BarPlot{kHostile, {{kHostile, {{kHostile, {}}}}}}), Not(HasSubstr("<script>")));
}

TEST(HtmlTest, LinksLeadToTheUnitsCard) {
  const TemporaryFolder folder;
  const Path run = folder / "a run";
  EXPECT_EQ(UnitLinks(run, run / "audit").Link({"a/b", 3}), "a/b 3");
  EXPECT_EQ(UnitLinks(run, run / "audit").Address({"a/b", 3}), "");
  WriteFileAtomically((CreateFolder(run / "report"), run / "report" / "index.html"), "");
  EXPECT_EQ(UnitLinks(run, run / "audit").Address({"a/b#", 3}), "../report/index.html#a%2Fb%23/3");
  EXPECT_EQ(UnitLinks(run, folder / "audit").Address({"l", 0}), "../a%20run/report/index.html#l/0");
}

TEST(HtmlTest, NumbersAreWrittenForPeople) {
  EXPECT_EQ(PercentText(0.1234), "12.3 %");
  EXPECT_EQ(PointsText({-0.0001, -0.01, 0.02}), "+0.0 points (-1.0 to +2.0)");
  EXPECT_EQ(PValueText(0.0004), "< 0.001");
  EXPECT_EQ(PValueText(0.0311), "0.031");
}

TEST(SvgPlotTest, AxisMarksAreRoundAndEncloseTheValues) {
  EXPECT_THAT(AxisMarks(0, 1), Pointwise(DoubleNear(1e-9), {0.0, 0.2, 0.4, 0.6, 0.8, 1.0}));
  EXPECT_THAT(AxisMarks(0.31, 0.57), Pointwise(DoubleNear(1e-9), {0.3, 0.4, 0.5, 0.6}));
  for (const auto& [low, high] : {std::pair(0.5, 0.5), {0.0, 0.0}, {-3.0, 7.0}, {0.0, 0.0031}}) {
    const std::vector<double> marks = AxisMarks(low, high);
    ASSERT_GE(marks.size(), 2U);
    EXPECT_LE(marks.size(), 9U);
    EXPECT_LE(marks.front(), low);
    EXPECT_GE(marks.back(), high);
  }
}

TEST(SvgPlotTest, CurvesLieInThePicture) {
  const std::string svg = ToSvg(LinePlot{
      "t", "x", "y", {{"one", {{0, {0.5, 0.4, 0.6}}, {1, {0.2, 0.1, 0.3}}}}, {"two", {}, true}}});
  EXPECT_THAT(svg, HasSubstr("<polyline"));
  EXPECT_THAT(svg, HasSubstr(">one</text>"));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme:dark"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
}

}  // namespace
}  // namespace milan
