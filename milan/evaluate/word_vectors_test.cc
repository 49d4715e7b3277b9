#include "milan/evaluate/word_vectors.h"

#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/npy.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::Throws;

double Dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(WordVectorsTest, AreCenteredAndOfLengthOne) {
  // Mean (10, 1): what is left points left, right and up, down.
  const WordVectors vectors({"left", "right", "up", "down"},
                            {{4, 2}, {9, 1, 11, 1, 10, 3, 10, -1}});
  for (const char* word : {"left", "right", "up", "down"}) {
    EXPECT_NEAR(Dot(vectors.Find(word), vectors.Find(word)), 1, 1e-6) << word;
  }
  EXPECT_NEAR(Dot(vectors.Find("left"), vectors.Find("right")), -1, 1e-6);
  EXPECT_NEAR(Dot(vectors.Find("left"), vectors.Find("up")), 0, 1e-6);
}

TEST(WordVectorsTest, FallBackToTheSingular) {
  const WordVectors vectors({"dog", "cats", "cat"}, {{3, 1}, {1, 2, 3}});
  EXPECT_EQ(vectors.Find("dogs").data(), vectors.Find("dog").data());
  EXPECT_NE(vectors.Find("cats").data(), vectors.Find("cat").data());
  EXPECT_THAT(vectors.Find("bird"), IsEmpty());
  EXPECT_THAT(vectors.Find(""), IsEmpty());
}

TEST(WordVectorsTest, FilesThatDoNotFitAreNamed) {
  const TemporaryFolder folder;
  const Path words = folder / "words.txt";
  const Path values = folder / "vectors.npy";
  const auto fails = Throws<Error>(AllOf(Property(&Error::kind, ErrorKind::kInput),
                                         Property(&Error::what, HasSubstr("vectors.npy"))));
  const auto read = [&] { WordVectors::Read(words, values); };
  WriteFileAtomically(words, "dog\r\ncat\n");
  EXPECT_THAT(read, fails);  // missing
  WriteFileAtomically(values, "not an array");
  EXPECT_THAT(read, fails);
  for (const Shape& shape : {Shape{3, 2}, Shape{2}, Shape{2, 0}, Shape{2, 1, 1}}) {
    const std::vector<float> zeros(static_cast<size_t>(ElementCount(shape)));
    WriteNpy(values, {shape, zeros});
    EXPECT_THAT(read, fails) << ToString(shape);
  }
  const std::vector<float> infinite = {1, std::numeric_limits<float>::infinity()};
  WriteNpy(values, {{2, 1}, infinite});
  EXPECT_THAT(read, fails);
  const std::vector<float> good = {1, 2};
  WriteNpy(values, {{2, 1}, good});
  EXPECT_THAT(WordVectors::Read(words, values).Find("dog"), SizeIs(1));
}

TEST(WordVectorsTest, RelatedWordsAreCloserThanOthers) {
  MILAN_NEEDS_SHARED_DATA();
  const WordVectors vectors = WordVectors::Read(SharedData("words/glove_100d_8k.words.txt"),
                                                SharedData("words/glove_100d_8k.f16.npy"));
  const auto similarity = [&](const char* a, const char* b) {
    return Dot(vectors.Find(a), vectors.Find(b));
  };
  EXPECT_THAT(vectors.Find("dog"), SizeIs(100));
  EXPECT_GT(similarity("dog", "cat"), similarity("dog", "road") + 0.3);
  EXPECT_GT(similarity("red", "blue"), similarity("red", "water") + 0.2);
}

}  // namespace
}  // namespace milan
