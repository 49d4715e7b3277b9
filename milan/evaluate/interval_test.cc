#include "milan/evaluate/interval.h"

#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "milan/base/random.h"

namespace milan {
namespace {

TEST(BootstrapTest, HasTheWidthOfTheNormalInterval) {
  Random random(3);
  std::vector<double> values;
  for (int i = 0; i < 400; ++i) values.push_back(random.Uniform());
  const Interval interval = BootstrapMean(values, {.seed = 1, .resamples = 4000});
  // Standard error of the mean of 400 uniform values, times 1.96 to either side.
  const double half = 1.96 * std::sqrt(1.0 / 12 / 400);
  EXPECT_NEAR(interval.value, 0.5, 3 * half);
  EXPECT_NEAR(interval.high - interval.value, half, half / 5);
  EXPECT_NEAR(interval.value - interval.low, half, half / 5);
}

TEST(BootstrapTest, TheSameSeedGivesTheSameInterval) {
  const std::vector<double> values = {1, 2, 4, 8, 16};
  const Interval one = BootstrapMean(values, {.seed = 1, .resamples = 100});
  const Interval same = BootstrapMean(values, {.seed = 1, .resamples = 100});
  const Interval other = BootstrapMean(values, {.seed = 2, .resamples = 100});
  EXPECT_EQ(one.low, same.low);
  EXPECT_EQ(one.high, same.high);
  EXPECT_NE(std::pair(one.low, one.high), std::pair(other.low, other.high));
  EXPECT_EQ(one.value, 6.2);
}

TEST(BootstrapTest, FewItemsAreNoProblem) {
  const Interval none = BootstrapMean({}, {});
  EXPECT_EQ(none.value, 0);
  EXPECT_EQ(none.high, 0);
  const std::vector<double> single = {3};
  const Interval one = BootstrapMean(single, {});
  EXPECT_EQ(one.low, 3);
  EXPECT_EQ(one.high, 3);
}

}  // namespace
}  // namespace milan
