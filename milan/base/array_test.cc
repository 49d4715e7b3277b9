#include "milan/base/array.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace milan {
namespace {

TEST(Array, ElementCountOfScalarIsOne) { EXPECT_EQ(ElementCount({}), 1); }

TEST(Array, ElementCountRefusesImpossibleShapes) {
  EXPECT_THROW(ElementCount({2, -1}), Error);
  EXPECT_THROW(ElementCount({int64_t{1} << 40, int64_t{1} << 40}), Error);
}

TEST(Array, EveryHalfSurvivesTheRoundTrip) {
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    const float value = FromHalf(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(FromHalf(ToHalf(value))));
    } else {
      EXPECT_EQ(ToHalf(value), bits);
    }
  }
}

TEST(Array, HalfRoundsToNearestEven) {
  EXPECT_EQ(FromHalf(ToHalf(1.0F + 0x1p-11F)), 1.0F);                // tie: to even
  EXPECT_EQ(FromHalf(ToHalf(1.0F + 3 * 0x1p-11F)), 1.0F + 0x1p-9F);  // tie: to even
  EXPECT_EQ(FromHalf(ToHalf(1.0F + 1.01F * 0x1p-11F)), 1.0F + 0x1p-10F);
  EXPECT_EQ(ToHalf(65519.0F), 0x7BFF);
  EXPECT_EQ(ToHalf(65520.0F), 0x7C00);
  EXPECT_EQ(ToHalf(-0x1p-25F), 0x8000);  // half of the smallest subnormal: tie to zero
  EXPECT_EQ(ToHalf(0x1.8p-25F), 1);
  EXPECT_EQ(ToHalf(std::numeric_limits<float>::infinity()), 0x7C00);
}

}  // namespace
}  // namespace milan
