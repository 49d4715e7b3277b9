#include "milan/base/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Npy, FloatsSurviveTheRoundTrip) {
  const TemporaryFolder folder;
  for (const Shape& shape : {Shape{}, Shape{0}, Shape{3}, Shape{2, 3, 4}}) {
    Array array{shape, std::vector<float>(ElementCount(shape), 1.5F)};
    WriteNpy(folder / "a.npy", array.View());
    const NpyArray read = ReadNpy(folder / "a.npy");
    EXPECT_EQ(read.shape, shape);
    EXPECT_EQ(read.AsFloats(), array.values);
  }
}

TEST(Npy, ReadsArraysWrittenByNumpy) {
  MILAN_NEEDS_SHARED_DATA();
  const NpyArray vectors = ReadNpy(SharedData("words/glove_100d_8k.f16.npy"));
  EXPECT_EQ(vectors.type, "f2");
  EXPECT_THAT(vectors.shape, ElementsAre(8000, 100));
  EXPECT_EQ(vectors.AsFloats().size(), 800'000);
}

TEST(Npy, HeadersAreForAnyTypeAndAligned) {
  const TemporaryFolder folder;
  const std::string header = NpyHeader("u1", {2, 3});
  EXPECT_EQ(header.size() % 64, 0U);
  EXPECT_THAT(header, HasSubstr("'descr': '|u1'"));
  EXPECT_THAT(NpyHeader("i8", {2}), HasSubstr("'descr': '<i8'"));
  WriteFileAtomically(folder / "a.npy", header + "abcdef");
  const NpyFile file(folder / "a.npy");
  EXPECT_EQ(file.type(), "u1");
  EXPECT_THAT(file.shape(), ElementsAre(2, 3));
  ASSERT_EQ(file.bytes().size(), 6U);
  EXPECT_EQ(file.bytes()[5], std::byte{'f'});
  EXPECT_THAT(ReadNpy(folder / "a.npy").AsIntegers(), ElementsAre(97, 98, 99, 100, 101, 102));
  WriteFileAtomically(folder / "cut.npy", header + "abcde");
  EXPECT_THAT([&] { NpyFile(folder / "cut.npy"); }, ThrowsMessage<Error>(HasSubstr("cut.npy")));
}

TEST(Npy, TruncationAtAnyByteIsAnErrorThatNamesTheFile) {
  const TemporaryFolder folder;
  WriteNpy(folder / "a.npy", Array{{2, 2}, {1, 2, 3, 4}}.View());
  const std::string whole = ReadFile(folder / "a.npy");
  for (size_t length = 0; length < whole.size(); ++length) {
    WriteFileAtomically(folder / "cut.npy", whole.substr(0, length));
    EXPECT_THAT([&] { ReadNpy(folder / "cut.npy"); }, ThrowsMessage<Error>(HasSubstr("cut.npy")))
        << length;
  }
}

}  // namespace
}  // namespace milan
