#include "milan/report/annotation_page.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/report/pictures.h"
#include "milan/report/synthetic_run.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class AnnotationPage : public testing::Test {
 protected:
  void Write(const AnnotationPageOptions& options = {}) {
    WriteAnnotationPage(run_, MakeSyntheticDescriptions(run_), page_, options, progress_);
  }
  ErrorKind KindOfFailure(const AnnotationPageOptions& options = {}) {
    try {
      Write(options);
    } catch (const Error& error) {
      return error.kind();
    }
    ADD_FAILURE() << "did not fail";
    return ErrorKind::kInternal;
  }

  const TemporaryFolder folder_;
  milan::Run run_ = MakeSyntheticRun(folder_.path(), {});
  const Path page_ = folder_ / "run/annotate";
  NoProgress progress_;
};

TEST_F(AnnotationPage, EveryFileThatThePageNamesIsThere) {
  Write();
  const std::string page = ReadFile(page_ / "index.html");
  int files = 0;
  for (const std::string attribute : {"src=\"", "href=\""}) {
    for (size_t at = page.find(attribute); at != std::string::npos;
         at = page.find(attribute, at + 1)) {
      const size_t start = at + attribute.size();
      const std::string name = page.substr(start, page.find('"', start) - start);
      if (name.starts_with("#") || name.starts_with("data:")) continue;
      EXPECT_TRUE(fs::exists(page_ / name)) << name;
      ++files;
    }
  }
  EXPECT_GT(files, 8);
  EXPECT_TRUE(fs::exists(page_ / PictureName(0)));
  EXPECT_FALSE(fs::exists(page_ / "scripts/gallery.js")) << "of the report only";
  EXPECT_THAT(ReadFile(page_ / "data/annotation.js"),
              HasSubstr(R"("seed":"1","annotator":"a1","val_part":0.1,"units":[])"));
}

TEST_F(AnnotationPage, OnlyLayersWithChosenUnitsAreWritten) {
  AnnotationPageOptions options;
  options.units = {{"layer2", 1}, {"layer2", 6}};
  Write(options);
  EXPECT_THAT(ReadFile(page_ / "data/annotation.js"), HasSubstr(R"([["layer2",1],["layer2",6]])"));
  EXPECT_THAT(ReadFile(page_ / "data/report.js"), Not(HasSubstr("layer1")));
  EXPECT_FALSE(fs::exists(page_ / "data/exemplars-1.js"));
}

TEST_F(AnnotationPage, UnitsThatTheRunDoesNotHaveAreRefused) {
  AnnotationPageOptions options;
  options.units = {{"layer2", 8}};
  EXPECT_EQ(KindOfFailure(options), ErrorKind::kUsage);
  options.units = {{"layer3", 0}};
  EXPECT_EQ(KindOfFailure(options), ErrorKind::kUsage);
  options = {};
  options.val_part = 1;
  EXPECT_EQ(KindOfFailure(options), ErrorKind::kUsage);
  EXPECT_FALSE(fs::exists(page_));
}

TEST_F(AnnotationPage, AReportAndAPageForAnnotatorsDoNotReplaceEachOther) {
  Write();
  Write();
  EXPECT_THROW(WriteReport(run_, {}, page_, {}, progress_), Error);
  EXPECT_TRUE(fs::exists(page_ / "data/annotation.js"));
  fs::remove_all(page_);
  WriteReport(run_, {}, page_, {}, progress_);
  EXPECT_EQ(KindOfFailure(), ErrorKind::kUsage);
  EXPECT_TRUE(fs::exists(page_ / "scripts/gallery.js"));
}

}  // namespace
}  // namespace milan
