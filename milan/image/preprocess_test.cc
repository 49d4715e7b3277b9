#include "milan/image/preprocess.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/pictures.h"

namespace milan {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Preprocessing Cropped(int shorter_side, int crop) {
  Preprocessing preprocessing;
  preprocessing.shorter_side = shorter_side;
  preprocessing.crop = {crop, crop};
  return preprocessing;
}

Preprocessing Squashed(int height, int width) {
  Preprocessing preprocessing;
  preprocessing.shorter_side = 0;
  preprocessing.size = {height, width};
  preprocessing.crop = {0, 0};
  return preprocessing;
}

TEST(Picture, CropStartsAtTheHalfRoundedToEven) {
  // The photo has the resized size already, so the picture is a part of it.
  const Image wide = PatternImage(21, 10);  // surplus 11 and 0: starts at 5.5 -> 6
  EXPECT_EQ(Picture(Cropped(10, 10), wide), CutOut(wide, 6, 0, 10, 10));
  const Image high = PatternImage(10, 19);  // surplus 9: starts at 4.5 -> 4
  EXPECT_EQ(Picture(Cropped(10, 10), high), CutOut(high, 0, 4, 10, 10));
}

TEST(Picture, LongerSideIsTruncated) {
  // 10 * 29 / 15 = 19.33: 19 columns, of which 2 and 2 of 15 are cut.
  const Image photo = NoiseImage(29, 15, 4);
  EXPECT_EQ(Picture(Cropped(10, 9), photo), CutOut(Resize(photo, 19, 10), 5, 0, 9, 9));
}

TEST(Picture, SizeSquashesThePhoto) {
  const Image photo = NoiseImage(40, 30, 4);
  EXPECT_EQ(Picture(Squashed(12, 17), photo), Resize(photo, 17, 12));
  EXPECT_EQ(Squashed(12, 17).Height(), 12);
  EXPECT_EQ(Squashed(12, 17).Width(), 17);
}

TEST(Picture, LargerCropIsPaddedWithBlack) {
  const Image photo = NoiseImage(4, 6, 4);
  const Image picture = Picture(Cropped(4, 7), photo);
  ASSERT_EQ(picture.width, 7);
  ASSERT_EQ(picture.height, 7);
  EXPECT_EQ(CutOut(picture, 1, 0, 4, 6), photo);  // the smaller half of 3 and of 1 before it
  const Image black{7, 1, std::vector<uint8_t>(21)};
  EXPECT_EQ(CutOut(picture, 0, 6, 7, 1), black);
  EXPECT_EQ(CutOut(picture, 0, 0, 1, 7).pixels, black.pixels);
}

TEST(Picture, ExtremelyLongPhotosNeedNoExtremeMemory) {
  const Image ribbon = NoiseImage(300000, 1, 9);  // 76,800,000 x 256 when resized
  EXPECT_EQ(Picture(Preprocessing{}, ribbon).pixels.size(), 224U * 224 * 3);
}

TEST(ViewBox, IsTheCropInThePhotosPixels) {
  const Box wide = ViewBox(Preprocessing{}, 512, 256);
  EXPECT_DOUBLE_EQ(wide.left, 144);
  EXPECT_DOUBLE_EQ(wide.right, 368);
  EXPECT_DOUBLE_EQ(wide.top, 16);
  EXPECT_DOUBLE_EQ(wide.bottom, 240);
  const Box twice = ViewBox(Preprocessing{}, 1024, 512);
  EXPECT_DOUBLE_EQ(twice.left, 288);
  EXPECT_DOUBLE_EQ(twice.bottom, 480);
  const Box all = ViewBox(Squashed(64, 64), 300, 100);
  EXPECT_DOUBLE_EQ(all.right - all.left, 300);
  EXPECT_DOUBLE_EQ(all.bottom - all.top, 100);
  const Box padded = ViewBox(Cropped(4, 7), 4, 6);
  EXPECT_DOUBLE_EQ(padded.left, 0);
  EXPECT_DOUBLE_EQ(padded.right, 4);
}

TEST(Normalize, AppliesTheRulePerChannelInPlanes) {
  const Image picture{2, 1, {0, 51, 255, 102, 204, 10}};
  std::vector<float> output(6);
  Normalize(Preprocessing{}, picture, output);
  const auto expected = [](float byte, float mean, float std) { return (byte / 255 - mean) / std; };
  EXPECT_FLOAT_EQ(output[0], expected(0, 0.485F, 0.229F));
  EXPECT_FLOAT_EQ(output[1], expected(102, 0.485F, 0.229F));
  EXPECT_FLOAT_EQ(output[2], expected(51, 0.456F, 0.224F));
  EXPECT_FLOAT_EQ(output[3], expected(204, 0.456F, 0.224F));
  EXPECT_FLOAT_EQ(output[4], expected(255, 0.406F, 0.225F));
  EXPECT_FLOAT_EQ(output[5], expected(10, 0.406F, 0.225F));
}

TEST(Validate, NamesWhatIsWrong) {
  EXPECT_NO_THROW(Validate(Preprocessing{}));
  EXPECT_NO_THROW(Validate(Squashed(64, 64)));
  const auto rejects = [](const Preprocessing& preprocessing, const std::string& part) {
    EXPECT_THAT([&] { Validate(preprocessing); }, ThrowsMessage<Error>(HasSubstr(part)));
  };
  rejects(Cropped(-3, 2), "shorter side");
  rejects(Cropped(1 << 20, 224), "between 1 and 16384");
  rejects(Cropped(200, 224), "224 x 224 is larger than the resized picture");
  rejects(Cropped(256, 0), "needs a crop");
  rejects(Cropped(256, -1), "crop's sides");
  rejects(Squashed(0, 64), "resized picture's sides");
  Preprocessing wrong;
  wrong.std[1] = 0;
  rejects(wrong, "stds");
  wrong = {};
  wrong.mean[2] = std::numeric_limits<float>::quiet_NaN();
  rejects(wrong, "means");
  wrong = {};
  wrong.scale = 0;
  rejects(wrong, "scale");
}

}  // namespace
}  // namespace milan
