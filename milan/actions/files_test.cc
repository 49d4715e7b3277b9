// What is written for people and programs: audits, edits, analyses.

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/actions/analysis_files.h"
#include "milan/actions/audit_files.h"
#include "milan/actions/edit_files.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/report/synthetic_run.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;

class AuditFilesTest : public ::testing::Test {
 protected:
  AuditReport Audit(const std::string& terms) const {
    const Concept concept_ = Concept::Parse(terms);
    AuditReport report;
    report.concept_text = concept_.text();
    report.terms = concept_.Terms();
    report.subject = {
        run_.folder, run_.manifest, "base",
        FindConcept(MakeSyntheticDescriptions(run_), run_.manifest.layers, concept_, {}, {})};
    return report;
  }

  TemporaryFolder folder_;
  milan::Run run_ = MakeSyntheticRun(folder_.path(), {});
};

TEST_F(AuditFilesTest, AnAuditIsAPageWithPicturesAndFilesForPrograms) {
  const AuditReport report = Audit("dog|src");
  ASSERT_GT(report.subject.findings.Strong(), 1);
  const Path folder = folder_ / "audit";
  NoProgress progress;
  WriteAudit(report, run_, folder, {}, progress);
  const std::string page = ReadFile(folder / "index.html");
  EXPECT_THAT(page, HasSubstr("pictures/0-0.jpg"));
  EXPECT_TRUE(std::filesystem::exists(folder / "pictures/0-0.jpg"));
  // Unit 0 of the first layer has a description that would run as a script.
  EXPECT_THAT(page, Not(HasSubstr("<img src=x")));
  EXPECT_THAT(page, Not(HasSubstr("<script>window")));
  const Json json = ReadJson(folder / "audit.json");
  EXPECT_EQ(json["subject"]["strong"], report.subject.findings.Strong());
  const Json sarif = ReadJson(folder / "audit.sarif");
  EXPECT_EQ(sarif["runs"][0]["results"].size(), report.subject.findings.findings.size());
  // Written again in its place; never over something else.
  WriteAudit(Audit("nothing like it"), run_, folder, {}, progress);
  EXPECT_THAT(ReadFile(folder / "index.html"), HasSubstr("None was found"));
  EXPECT_FALSE(std::filesystem::exists(folder / "pictures/0-0.jpg"));
  EXPECT_THAT([&] { WriteAudit(report, run_, folder_ / "photos", {}, progress); },
              ThrowsMessage<Error>(HasSubstr("none of milan's")));
}

TEST_F(AuditFilesTest, OnlySomeFindingsAreShownButAllAreListed) {
  const AuditReport report = Audit("re:.");
  const Path folder = folder_ / "audit";
  NoProgress progress;
  AuditPageOptions options;
  options.most_shown = 2;
  WriteAudit(report, run_, folder, options, progress);
  const auto pictures = std::distance(std::filesystem::directory_iterator(folder / "pictures"), {});
  EXPECT_EQ(pictures, 12);
  EXPECT_THAT(ReadFile(folder / "index.html"), HasSubstr("more are in the files"));
  EXPECT_EQ(ReadJson(folder / "audit.json")["subject"]["findings"].size(),
            report.subject.findings.findings.size());
}

TEST_F(AuditFilesTest, ComparisonsSayWhatIsNotSignificantAndWhatIsNotTested) {
  AuditReport report = Audit("dog");
  report.other = report.subject;
  report.comparison =
      CompareFindings(report.subject.findings, report.other->findings, {}, Correction::kHolm);
  const std::vector<std::string> sentences = Summarize(report);
  EXPECT_THAT(sentences, ::testing::Contains(HasSubstr("No layer of 2 differs significantly")));
  report.comparison->only_a = {"early"};
  EXPECT_THAT(Summarize(report),
              ::testing::Contains(HasSubstr("first network only, not tested: early")));
  report.most_allowed = 0;
  EXPECT_TRUE(report.HasTooMany());
  EXPECT_THAT(Summarize(report), ::testing::Contains(HasSubstr("too many were found")));
}

EditReport SomeEdit() {
  EditReport report;
  report.matching = "text";
  report.network = "net.onnx";
  report.run = "run";
  report.described = 10;
  report.as_letters = 2;
  report.letters_only = {{"a", 1}};
  report.letters_only_texts = {{{"a", 1}, "<b>texture"}};
  report.descriptions = {{{"a", 0}, "text"}};
  report.edit.order = {{{"a", 0}, {10, 5, 8}}};
  report.edit.validation = {0.5, 0.5};
  report.edit.validation_photos = 10;
  report.edit.chosen = 1;
  EditTest test;
  test.name = "clean";
  test.before = test.after = {0.5, 0.3, 0.7};
  test.random_trials = test.sorted_trials = {0.4, 0.5};
  test.curve = {{0, test.before, test.before, test.before}, {1, test.after, {0.45, 0.3, 0.6}, {}}};
  report.edit.tests = {test};
  return report;
}

TEST(EditFilesTest, AReportSaysBothCountsAndHowSureItIs) {
  const TemporaryFolder folder;
  const EditReport report = SomeEdit();
  WriteEditReport(report, folder / "report");
  const std::string page = ReadFile(folder / "report/index.html");
  EXPECT_THAT(page, HasSubstr("1 of 10 described units speak of &#39;text&#39;"));
  EXPECT_THAT(page, HasSubstr("would take 2"));
  EXPECT_THAT(page, HasSubstr("not significant"));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;texture"));
  EXPECT_THAT(page, HasSubstr("<svg"));
  const Json json = ReadJson(folder / "report/edit.json");
  EXPECT_EQ(json["removed"], 1);
  EXPECT_EQ(json["tests"][0]["random"]["trials"].size(), 2U);
  EXPECT_THAT(CurveCsv(report), HasSubstr("clean,1,0.500000,0.300000,0.700000,0.450000"));
  EXPECT_THAT(UnitsCsv(report), HasSubstr("1,a,0,1,0.500000,text"));
}

TEST(EditFilesTest, GuessesThatWereLeftAloneAreCounted) {
  EditReport report = SomeEdit();
  EXPECT_THAT(Summarize(report)[0], ::testing::Not(HasSubstr("guesses")));
  report.guesses = 3;
  EXPECT_THAT(Summarize(report)[0], HasSubstr("3 more that speak of it are only guesses"));
  EXPECT_THAT(ToJson(report), HasSubstr("\"guesses_left_alone\": 3"));
}

TEST(EditFilesTest, NothingRemovedIsSaid) {
  EditReport report = SomeEdit();
  report.edit.chosen = 0;
  report.edit.validation = {0.5, 0.4};
  EXPECT_THAT(Summarize(report), ::testing::Contains(HasSubstr("None is removed")));
}

TEST(AnalysisFilesTest, WhatIsNotMeasuredIsSaidAndTheRestGiven) {
  const TemporaryFolder folder;
  AnalysisReport report;
  report.network = "net.onnx";
  report.run = "run";
  report.layers = {{"a", 4, std::vector<int64_t>(WordClasses::Categories().size(), 1)}};
  report.not_measured = "no labels.";
  WriteAnalysis(report, folder / "analysis");
  EXPECT_TRUE(std::filesystem::exists(folder / "analysis/categories.svg"));
  EXPECT_FALSE(std::filesystem::exists(folder / "analysis/curves.csv"));
  EXPECT_THAT(ReadFile(folder / "analysis/index.html"), HasSubstr("not measured: no labels."));

  Analysis analysis;
  analysis.units = 4;
  analysis.photos = 10;
  analysis.baseline = {0.5, 0.2, 0.8};
  analysis.chance = {"chance", "", 4, {{0.5, 2, {0.4, 0.1, 0.7}, {}}}};
  analysis.curves = {
      {"nouns", "number of nouns", 3, {{0.5, 2, {0.3, 0.1, 0.6}, {{-0.1, -0.3, 0.1}, 0.3}, 0.3}}}};
  analysis.classes = {{"nouns", 0, 2, 0.5, 0.5, 0.5, {}, 1, false}};
  report.not_measured.clear();
  report.analysis = analysis;
  WriteAnalysis(report, folder / "analysis");
  const std::string page = ReadFile(folder / "analysis/index.html");
  EXPECT_THAT(page, HasSubstr("No property differs significantly"));
  EXPECT_THAT(page, HasSubstr("Classes are not compared"));
  EXPECT_THAT(ReadFile(folder / "analysis/curves.csv"), HasSubstr("nouns,0.500000,2,0.300000"));
  EXPECT_THAT(ReadFile(folder / "analysis/classes.csv"), HasSubstr("nouns,0,class 0,2,0.5"));
  EXPECT_EQ(ReadJson(folder / "analysis/analysis.json")["curves"]["properties"][0]["units_with"],
            3);
}

}  // namespace
}  // namespace milan
