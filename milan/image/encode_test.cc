#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/image/image.h"
#include "tests/support/pictures.h"

namespace milan {
namespace {

TEST(EncodePng, IsLossless) {
  for (const auto& [width, height] : {std::pair{1, 1}, {7, 3}, {64, 50}}) {
    const Image image = NoiseImage(width, height, 5);
    const DecodeResult decoded = Decode(BytesOf(EncodePng(image)));
    ASSERT_TRUE(decoded.ok()) << decoded.failure;
    EXPECT_EQ(decoded.image, image);
  }
}

TEST(EncodeJpeg, StaysCloseAtHighQualityAndIsSmallerAtLow) {
  const Image image = GradientImage(61, 43);
  const std::string good = EncodeJpeg(image, 95);
  const DecodeResult decoded = Decode(BytesOf(good));
  ASSERT_TRUE(decoded.ok()) << decoded.failure;
  ASSERT_EQ(decoded.image.width, 61);
  ASSERT_EQ(decoded.image.height, 43);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    ASSERT_NEAR(decoded.image.pixels[i], image.pixels[i], 12) << i;
  EXPECT_LT(EncodeJpeg(image, 20).size(), good.size());
}

TEST(EncodeJpeg, GrowsBeyondItsFirstBuffer) {
  const Image noise = NoiseImage(500, 400, 2);
  const std::string file = EncodeJpeg(noise, 100);
  EXPECT_GT(file.size(), 200'000U);
  EXPECT_TRUE(Decode(BytesOf(file)).ok());
}

TEST(EncodeJpeg, WiderThanTheFormatAllowsIsAnError) {
  const Image ribbon{70000, 1, std::vector<uint8_t>(210000)};
  EXPECT_THAT([&] { EncodeJpeg(ribbon, 90); },
              ::testing::ThrowsMessage<Error>(::testing::HasSubstr("65500")));
}

TEST(Encode, RefusesImagesThatAreNone) {
  EXPECT_THROW(EncodePng({}), Error);
  EXPECT_THROW(EncodeJpeg({2, 2, {1, 2, 3}}, 90), Error);
  EXPECT_THROW(EncodeJpeg(NoiseImage(2, 2, 1), 0), Error);
}

}  // namespace
}  // namespace milan
