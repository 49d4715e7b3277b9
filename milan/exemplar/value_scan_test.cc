#include "milan/exemplar/value_scan.h"

#include <array>
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

struct Scanned {
  ValueScan scan;
  std::array<std::vector<uint16_t>, 2> keys;  ///< By sign.
};

Scanned Scan(std::span<const float> values, float candidate = 0) {
  Scanned scanned;
  for (auto& keys : scanned.keys) keys.resize(values.size() + kKeyPadding);
  scanned.scan = ScanValues(values, candidate, {scanned.keys[0].data(), scanned.keys[1].data()});
  for (const Sign sign : {kPositive, kNegative}) {
    scanned.keys[sign].resize(scanned.scan.key_counts[sign]);
  }
  return scanned;
}

uint16_t KeyOf(float value) {
  return static_cast<uint16_t>(std::bit_cast<uint32_t>(std::abs(value)) >> 15);
}

TEST(ValueScan, ScansAnyLengthLikeALoop) {
  for (const size_t count : {1, 2, 7, 8, 9, 31, 32, 33, 49, 63, 64, 65, 169, 1000}) {
    const auto values = RandomActivations(count, count, count % 2 == 0, 0.1F);
    std::array<std::vector<uint16_t>, 2> keys;
    for (const float value : values) {
      if (value != 0) keys[value < 0 ? kNegative : kPositive].push_back(KeyOf(value));
    }
    const Scanned scanned = Scan(values);
    EXPECT_EQ(scanned.scan.minimum, *std::min_element(values.begin(), values.end()));
    EXPECT_EQ(scanned.scan.maximum, *std::max_element(values.begin(), values.end()));
    EXPECT_TRUE(scanned.scan.is_finite);
    EXPECT_EQ(scanned.keys, keys) << count;
    for (const float candidate : {values[0], values[count / 2], 0.0F, 1e9F}) {
      EXPECT_EQ(Scan(values, candidate).scan.like_candidate,
                std::count(values.begin(), values.end(), candidate));
    }
  }
}

TEST(ValueScan, FindsWhatIsNotFiniteWhereverItIs) {
  for (size_t place = 0; place < 70; ++place) {
    auto values = RandomActivations(70, place, false);
    for (const float value : {kInfinity, -kInfinity, kNaN, -kNaN}) {
      values[place] = value;
      EXPECT_FALSE(Scan(values).scan.is_finite) << place;
    }
    values[place] = std::numeric_limits<float>::max();
    EXPECT_TRUE(Scan(values).scan.is_finite) << place;
  }
}

TEST(ValueScan, ZerosAndWhatIsNearlyZeroHaveNoKey) {
  const std::vector<float> values = {0, 1.5F, -2, -0.0F, 1e-41F, 1e-39F, 3e38F, -1e-3F};
  const Scanned scanned = Scan(values);
  EXPECT_THAT(scanned.keys[kPositive],
              testing::ElementsAre(KeyOf(1.5F), KeyOf(1e-39F), KeyOf(3e38F)));
  EXPECT_THAT(scanned.keys[kNegative], testing::ElementsAre(KeyOf(2), KeyOf(1e-3F)));
}

TEST(ValueScan, PlacesStartWithWhatIsBeforeTheFirst) {
  std::vector<uint16_t> keys = {3, 100, 101, 130, 65000};
  KeysToPlaces(keys, 100);
  EXPECT_THAT(keys, testing::ElementsAre(0, 0, 1, 30, 64900));
  keys = {1, 3};
  KeysToPlaces(keys, -10);
  EXPECT_THAT(keys, testing::ElementsAre(11, 13));
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
