#include "milan/base/npz.h"

#include <cstring>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/file.h"
#include "tests/support/npz.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

class NpzTest : public testing::Test {
 protected:
  void Write(const std::string& name) const {
    WriteNpz(folder_ / name, {{"floats", "f4", {3}, std::as_bytes(std::span(floats_))},
                              {"bytes", "u1", {2, 1}, std::as_bytes(std::span(bytes_))},
                              {"nothing", "i4", {0, 4}, {}}});
  }

  TemporaryFolder folder_;
  std::vector<float> floats_ = {1, -2.5F, 1e30F};
  std::vector<uint8_t> bytes_ = {7, 255};
};

TEST_F(NpzTest, ArraysComeBack) {
  Write("a.npz");
  const auto arrays = ReadNpz(folder_ / "a.npz");
  ASSERT_EQ(arrays.size(), 3U);
  EXPECT_EQ(arrays.at("floats").AsFloats(), floats_);
  EXPECT_EQ(arrays.at("bytes").shape, (Shape{2, 1}));
  EXPECT_THAT(arrays.at("bytes").AsIntegers(), ElementsAre(7, 255));
  EXPECT_EQ(arrays.at("nothing").shape, (Shape{0, 4}));
}

TEST_F(NpzTest, EqualContentGivesEqualBytesAndNothingElseIsLeft) {
  Write("a.npz");
  Write("b.npz");
  Write("b.npz");  // in place of the older one
  EXPECT_EQ(ReadFile(folder_ / "a.npz"), ReadFile(folder_ / "b.npz"));
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("a.npz", "b.npz"));
}

TEST_F(NpzTest, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT([&] { Write("none/a.npz"); }, ThrowsMessage<Error>(HasSubstr("none/a.npz")));
}

}  // namespace
}  // namespace milan
