#include "milan/evaluate/distinctness.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace milan {
namespace {

TEST(DistinctnessTest, CountsTextsAndTheirEntropy) {
  const std::vector<std::string> texts = {"dogs", "Dogs.", " dogs", "dogs", "cats",
                                          "cats", "a car", "sky",   ""};
  const Distinctness result = CountDistinct(texts, 5);
  EXPECT_EQ(result.units, 8);  // no text is no description
  EXPECT_EQ(result.distinct, 4);
  EXPECT_DOUBLE_EQ(result.DistinctShare(), 0.5);
  // 4/8, 2/8, 1/8, 1/8: 0.5 * 1 + 0.25 * 2 + 2 * 0.125 * 3 bits.
  EXPECT_DOUBLE_EQ(result.entropy, 1.75);
  EXPECT_DOUBLE_EQ(result.most_bits, 3);
  ASSERT_EQ(result.most_frequent.size(), 2);
  EXPECT_EQ(result.most_frequent[0].text, "dogs");
  EXPECT_EQ(result.most_frequent[0].units, 4);
  EXPECT_EQ(result.most_frequent[1].text, "cats");
  EXPECT_EQ(CountDistinct(texts, 1).most_frequent.size(), 1);
}

TEST(DistinctnessTest, ExtremesAreExact) {
  const std::vector<std::string> different = {"a", "b", "c", "d"};
  EXPECT_DOUBLE_EQ(CountDistinct(different).entropy, 2);
  EXPECT_TRUE(CountDistinct(different).most_frequent.empty());
  const std::vector<std::string> same = {"a", "a", "a"};
  EXPECT_EQ(CountDistinct(same).entropy, 0);
  EXPECT_EQ(CountDistinct({}).DistinctShare(), 0);
}

}  // namespace
}  // namespace milan
