#include "milan/report/report.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/image/image.h"
#include "milan/image/preprocess.h"
#include "milan/report/page.h"
#include "milan/report/pictures.h"
#include "milan/report/synthetic_run.h"
#include "tests/support/tar_text.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

/// Keeps warnings; cancels when told to.
class RecordedProgress final : public Progress {
 public:
  void Begin(const std::string&, int64_t, const std::string&) override {}
  void Update(int64_t) override {}
  void Note(const std::string&) override {}
  void End() override {}
  void Warn(const std::string& text) override { warnings.push_back(text); }
  bool Cancelled() const override { return cancelled; }

  std::vector<std::string> warnings;
  bool cancelled = false;
};

ErrorKind KindOfFailure(const std::function<void()>& work, std::string* message = nullptr) {
  try {
    work();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.kind();
  }
  ADD_FAILURE() << "did not fail";
  return ErrorKind::kInternal;
}

class ReportTest : public testing::Test {
 protected:
  void Write(const ReportOptions& options = {}) {
    WriteReport(run_, MakeSyntheticDescriptions(run_), report_, options, progress_);
  }

  const TemporaryFolder folder_;
  milan::Run run_ = MakeSyntheticRun(folder_.path(), {});
  const Path report_ = folder_ / "run/report";
  RecordedProgress progress_;
};

TEST_F(ReportTest, HoldsThePageTheDataAndAPictureOfEveryExemplar) {
  Write();
  for (const PageFile& file : PageFiles()) {
    EXPECT_EQ(ReadFile(report_ / file.name), file.content) << file.name;
  }
  EXPECT_TRUE(fs::exists(report_ / "index.html"));
  EXPECT_TRUE(fs::exists(report_ / "data/report.js"));
  EXPECT_TRUE(fs::exists(report_ / "data/photos.js"));
  // Layers of 36 and 8 units, 32 in a file: files do not cross layers.
  EXPECT_TRUE(fs::exists(report_ / "data/exemplars-2.js"));
  EXPECT_FALSE(fs::exists(report_ / "data/exemplars-3.js"));
  for (int32_t photo = 0; photo < 20; ++photo) {
    EXPECT_TRUE(fs::exists(report_ / PictureName(photo))) << photo;
  }
  EXPECT_THAT(progress_.warnings, IsEmpty());
}

TEST_F(ReportTest, EveryFileThatThePageNamesIsThere) {
  Write();
  const std::string page = ReadFile(report_ / "index.html");
  for (const std::string attribute : {"src=\"", "href=\""}) {
    for (size_t at = page.find(attribute); at != std::string::npos;
         at = page.find(attribute, at + 1)) {
      const size_t start = at + attribute.size();
      const std::string name = page.substr(start, page.find('"', start) - start);
      if (name.starts_with("#") || name.starts_with("data:")) continue;
      EXPECT_TRUE(fs::exists(report_ / name)) << name;
    }
  }
}

TEST_F(ReportTest, PicturesShowThePartThatTheNetworkSeesAtTheSizeAskedFor) {
  ReportOptions options;
  options.picture_size = 64;
  Write(options);
  for (int32_t photo = 0; photo < 4; ++photo) {
    const std::string file = ReadFile(report_ / PictureName(photo));
    const DecodeResult picture = Decode(std::as_bytes(std::span(file)));
    ASSERT_TRUE(picture.ok()) << picture.failure;
    const Box view =
        ViewBox(run_.manifest.preprocessing, picture.image.width, picture.image.height);
    EXPECT_NEAR(view.right - view.left, 64, 1.5) << photo;
  }
}

TEST_F(ReportTest, DoesNotDependOnTheNumberOfWorkers) {
  ReportOptions options;
  options.workers = 1;
  Write(options);
  const fs::path other = folder_ / "other";
  options.workers = 3;
  WriteReport(run_, MakeSyntheticDescriptions(run_), other, options, progress_);
  for (const auto& entry : fs::recursive_directory_iterator(report_)) {
    if (!entry.is_regular_file()) continue;
    const fs::path relative = entry.path().lexically_relative(report_);
    EXPECT_EQ(ReadFile(entry.path()), ReadFile(other / relative)) << relative;
  }
}

TEST_F(ReportTest, WorksOnARunWithoutDescriptions) {
  WriteReport(run_, {}, report_, {}, progress_);
  EXPECT_THAT(ReadFile(report_ / "data/report.js"), Not(HasSubstr("\"bundle\"")));
}

TEST_F(ReportTest, ReplacesAnOlderReport) {
  Write();
  WriteFileAtomically(report_ / "data/exemplars-99.js", "stale");
  Write();
  EXPECT_FALSE(fs::exists(report_ / "data/exemplars-99.js"));
}

TEST_F(ReportTest, NeverReplacesAFolderThatIsNotAReport) {
  CreateFolder(report_);
  WriteFileAtomically(report_ / "thesis.txt", "ten years of work");
  EXPECT_EQ(KindOfFailure([this] { Write(); }), ErrorKind::kUsage);
  EXPECT_EQ(ReadFile(report_ / "thesis.txt"), "ten years of work");
}

TEST_F(ReportTest, AnUnreadablePhotoIsWarnedOfAndShownAsMissing) {
  fs::remove(run_.PhotoPath(2));
  WriteFileAtomically(run_.PhotoPath(3), "not a picture any more");
  Write();
  ASSERT_THAT(progress_.warnings, SizeIs(1));
  EXPECT_THAT(progress_.warnings[0], HasSubstr("photo-2.jpg and 1 more photos"));
  EXPECT_FALSE(fs::exists(report_ / PictureName(2)));
  EXPECT_THAT(ReadFile(report_ / "data/photos.js"), HasSubstr("\"failure\""));
}

TEST_F(ReportTest, PhotosInAnArchiveGiveTheSamePictures) {
  Write();
  const std::string picture = ReadFile(report_ / PictureName(5));
  std::string tar;
  for (size_t id = 0; id < run_.photos.size(); ++id) {
    const std::string member = "folder/" + std::to_string(id) + ".jpg";
    tar += TarMember(member, ReadFile(run_.PhotoPath(id)));
    run_.photos[id].name = "shard.tar/" + member;
  }
  WriteFileAtomically(run_.photo_root / "shard.tar", tar + TarEnd());
  Write();
  EXPECT_EQ(ReadFile(report_ / PictureName(5)), picture);
  EXPECT_THAT(progress_.warnings, IsEmpty());
}

TEST_F(ReportTest, APhotoThatChangedSinceTheRunIsWarnedOf) {
  fs::copy_file(run_.PhotoPath(3), run_.PhotoPath(2), fs::copy_options::overwrite_existing);
  Write();
  ASSERT_THAT(progress_.warnings, SizeIs(1));
  EXPECT_THAT(progress_.warnings[0], HasSubstr("changed since the run"));
}

TEST_F(ReportTest, PhotosThatMovedAwayAreAnErrorThatNamesTheFolder) {
  run_.photo_root = folder_ / "moved";
  std::string message;
  EXPECT_EQ(KindOfFailure([this] { Write(); }, &message), ErrorKind::kInput);
  EXPECT_THAT(message, HasSubstr("moved"));
  EXPECT_FALSE(fs::exists(report_));
}

TEST_F(ReportTest, CancellingKeepsTheOlderReportAndLeavesNothingElse) {
  Write();
  const auto written = fs::last_write_time(report_ / "index.html");
  progress_.cancelled = true;
  EXPECT_EQ(KindOfFailure([this] { Write(); }), ErrorKind::kCancelled);
  EXPECT_EQ(fs::last_write_time(report_ / "index.html"), written);
  EXPECT_FALSE(fs::exists(folder_ / "run/report.milan-partial"));
}

TEST_F(ReportTest, ExemplarsOfPhotosThatTheRunDoesNotListAreAnError) {
  run_.photos.resize(10);
  EXPECT_EQ(KindOfFailure([this] { Write(); }), ErrorKind::kInput);
}

TEST_F(ReportTest, OptionsOutOfRangeAreRefused) {
  for (const ReportOptions& options :
       {ReportOptions{0, 80, 0}, ReportOptions{160, 101, 0}, ReportOptions{160, 80, -1}}) {
    EXPECT_EQ(KindOfFailure([&] { Write(options); }), ErrorKind::kUsage);
  }
}

}  // namespace
}  // namespace milan
