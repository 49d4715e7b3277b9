#include "milan/exemplar/value_scan.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/array.h"
#include "milan/exemplar/test_activations.h"

namespace milan {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

TEST(ValueScan, SummarizesAnyLengthLikeALoop) {
  for (const size_t count : {1, 2, 7, 8, 9, 31, 49, 169, 1000}) {
    const auto values = RandomActivations(count, count, count % 2 == 0, 0.1F);
    const ValueSummary summary = Summarize(values);
    EXPECT_EQ(summary.minimum, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(summary.maximum, *std::max_element(values.begin(), values.end()));
    EXPECT_EQ(summary.zeros, std::count(values.begin(), values.end(), 0.0F));
    EXPECT_TRUE(summary.is_finite);
  }
}

TEST(ValueScan, FindsWhatIsNotFiniteWhereverItIs) {
  for (size_t place = 0; place < 40; ++place) {
    auto values = RandomActivations(40, place, false);
    values[place] = place % 2 == 0 ? kInfinity : -kInfinity;
    EXPECT_FALSE(Summarize(values).is_finite);
    EXPECT_FALSE(Summarize(values).has_nan);
    for (const float nan : {kNaN, -kNaN}) {
      values[place] = nan;
      EXPECT_FALSE(Summarize(values).is_finite);
      EXPECT_TRUE(Summarize(values).has_nan);
    }
  }
}

TEST(ValueScan, KeysAreTheLeadingBitsOfTheValuesAskedFor) {
  const std::vector<float> values = {0, 1.5F, -2, -0.0F, 1e-40F, 3e38F, -1e-3F, 1};
  const auto key = [](float value) {
    return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> kKeyShift);
  };
  std::vector<uint16_t> keys(values.size());
  keys.resize(FindKeys(values, false, keys.data()));
  EXPECT_THAT(keys, testing::ElementsAre(key(1.5F), testing::Gt(0), key(3e38F), key(1)));
  keys.resize(values.size());
  keys.resize(FindKeys(values, true, keys.data()));
  EXPECT_THAT(keys, testing::ElementsAre(key(2), key(1e-3F)));
}

TEST(ValueScan, HalvesAreThoseOfToHalfButNeverInfinite) {
  std::vector<float> values = {0,       -0.0F,   65504,     65519,          65520,
                               1e30F,   -1e30F,  kInfinity, -kInfinity,     5.9e-8F,
                               2.9e-8F, 3.0e-8F, 6.1e-5F,   1.00048828125F, 1.00146484375F};
  for (uint64_t bits = 0; bits < 0x7F800000; bits += 9973) {  // all magnitudes there are
    values.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
    values.push_back(-values.back());
  }
  std::vector<uint16_t> halves(values.size());
  RoundToHalf(values, halves.data());
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(halves[i], ToHalf(std::clamp(values[i], -65504.0F, 65504.0F))) << values[i];
  }
}

}  // namespace
}  // namespace milan
