#include "milan/report/staging_folder.h"

#include <filesystem>

#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

size_t CountEntries(const Path& folder) {
  size_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) count += entry.exists() ? 1 : 0;
  return count;
}

TEST(StagingFolderTest, AppearsOnlyWhenPublished) {
  const TemporaryFolder folder;
  StagingFolder staging(folder / "report");
  staging.Write("data/a.js", "one");
  EXPECT_FALSE(fs::exists(folder / "report"));
  staging.Publish();
  EXPECT_EQ(ReadFile(folder / "report/data/a.js"), "one");
  EXPECT_EQ(CountEntries(folder.path()), 1U);
}

TEST(StagingFolderTest, ReplacesTheOlderFolderWhole) {
  const TemporaryFolder folder;
  CreateFolder(folder / "report");
  WriteFileAtomically(folder / "report/old.js", "old");
  StagingFolder staging(folder / "report/");
  staging.Write("new.js", "new");
  EXPECT_TRUE(fs::exists(folder / "report/old.js"));
  staging.Publish();
  EXPECT_FALSE(fs::exists(folder / "report/old.js"));
  EXPECT_EQ(ReadFile(folder / "report/new.js"), "new");
  EXPECT_EQ(CountEntries(folder.path()), 1U);
}

TEST(StagingFolderTest, LeavesNothingBehindWhenTheWorkFails) {
  const TemporaryFolder folder;
  {
    const StagingFolder staging(folder / "report");
    staging.Write("a.js", "one");
  }
  EXPECT_EQ(CountEntries(folder.path()), 0U);
}

TEST(StagingFolderTest, DropsWhatAKilledProcessLeft) {
  const TemporaryFolder folder;
  CreateFolder(folder / "report.milan-partial");
  WriteFileAtomically(folder / "report.milan-partial/stale.js", "stale");
  StagingFolder staging(folder / "report");
  staging.Write("a.js", "one");
  staging.Publish();
  EXPECT_FALSE(fs::exists(folder / "report/stale.js"));
}

TEST(StagingFolderTest, SaysWhichFileCannotBeWritten) {
  const TemporaryFolder folder;
  const StagingFolder staging(folder / "report");
  staging.Write("a", "a file where a folder is wanted");
  try {
    staging.Write("a/b.js", "one");
    FAIL() << "wrote below a file";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kResource);
    EXPECT_NE(std::string(error.what()).find("/a"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace milan
