#include "milan/base/temporary_file.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace milan {
namespace {

TEST(TemporaryFile, IsGoneAtTheEndWhateverWasWrittenUnderItsName) {
  Path path;
  {
    const TemporaryFile file("milan-test");
    path = file.path();
    EXPECT_TRUE(std::filesystem::exists(path));
    WriteFileAtomically(path, "another file of that name");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TemporaryFile, HoldsWhatIsWrittenWithoutItsName) {
  TemporaryFile file("milan-test");
  const Path path = file.path();
  file.RemoveName();
  EXPECT_FALSE(std::filesystem::exists(path));
  ASSERT_EQ(pwrite(file.descriptor(), "abc", 3, 5), 3);
  char read[3] = {};
  ASSERT_EQ(pread(file.descriptor(), read, 3, 5), 3);
  EXPECT_EQ(std::string(read, 3), "abc");
}

}  // namespace
}  // namespace milan
