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

TEST(ViewBox, NeverReachesOutOfThePhoto) {
  // A network's own size is the photo's shorter side, so its edge is the photo's, whatever they
  // are.
  Preprocessing preprocessing;
  for (const int side : {7, 96, 112, 224}) {
    preprocessing.shorter_side = side;
    preprocessing.crop = {side, side};
    for (int size = 1; size < 1200; ++size) {
      const Box box = ViewBox(preprocessing, size, size + 1);
      ASSERT_LE(box.right, size) << side;
      ASSERT_LE(box.bottom, size + 1) << side;
    }
  }
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

std::vector<float> Normalized(const Preprocessing& preprocessing, const Image& picture) {
  std::vector<float> output(static_cast<size_t>(CountOf(preprocessing.channels)) *
                            picture.pixels.size() / 3);
  Normalize(preprocessing, picture, output);
  return output;
}

Preprocessing Bytes(Channels channels, PixelLayout layout = PixelLayout::kNchw) {
  Preprocessing preprocessing;
  preprocessing.scale = 1;
  preprocessing.mean = {0};
  preprocessing.std = {1};
  preprocessing.channels = channels;
  preprocessing.layout = layout;
  return preprocessing;
}

TEST(Normalize, ChannelsComeInTheOrderAndPlaceAskedFor) {
  const Image picture{2, 1, {0, 51, 255, 102, 204, 10}};
  using Values = std::vector<float>;
  EXPECT_EQ(Normalized(Bytes(Channels::kBgr), picture), (Values{255, 10, 51, 204, 0, 102}));
  EXPECT_EQ(Normalized(Bytes(Channels::kRgb, PixelLayout::kNhwc), picture),
            (Values{0, 51, 255, 102, 204, 10}));
  EXPECT_EQ(Normalized(Bytes(Channels::kRgba), picture),
            (Values{0, 102, 51, 204, 255, 10, 255, 255}));
  EXPECT_EQ(Normalized(Bytes(Channels::kBgra, PixelLayout::kNhwc), picture),
            (Values{255, 51, 0, 255, 10, 204, 102, 255}));
}

TEST(Normalize, EveryChannelHasItsOwnNumbers) {
  Preprocessing preprocessing = Bytes(Channels::kBgr);
  preprocessing.mean = {1, 2, 3};
  preprocessing.std = {1, 10, 100};
  EXPECT_EQ(Normalized(preprocessing, {1, 1, {103, 52, 11}}), (std::vector<float>{10, 5, 1}));
}

TEST(Normalize, GreyIsPillowsLuma) {
  // Image.new("RGB", (1, 1), COLOUR).convert("L") gives these.
  const std::vector<std::pair<std::vector<uint8_t>, float>> kColours = {
      {{255, 0, 0}, 76}, {{0, 255, 0}, 150},   {{0, 0, 255}, 29},  {{255, 255, 255}, 255},
      {{1, 2, 3}, 2},    {{10, 200, 30}, 124}, {{100, 1, 77}, 39}, {{128, 128, 128}, 128}};
  for (const auto& [colour, luma] : kColours) {
    EXPECT_EQ(Normalized(Bytes(Channels::kGrey), {1, 1, colour}), (std::vector<float>{luma}));
  }
}

TEST(Picture, OfAGreyNetworkHasNoColours) {
  Preprocessing preprocessing = Squashed(2, 2);
  preprocessing.channels = Channels::kGrey;
  preprocessing.mean = preprocessing.std = {1};
  const Image photo{2, 2, {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9}};
  EXPECT_EQ(Picture(preprocessing, photo).pixels,
            (std::vector<uint8_t>{76, 76, 76, 150, 150, 150, 29, 29, 29, 9, 9, 9}));
}

TEST(ChangeChannels, NumbersFollowTheirColours) {
  Preprocessing preprocessing;
  ChangeChannels(Channels::kBgra, preprocessing);
  EXPECT_EQ(preprocessing.mean, (std::vector{0.406F, 0.456F, 0.485F, 0.0F}));
  EXPECT_EQ(preprocessing.std, (std::vector{0.225F, 0.224F, 0.229F, 1.0F}));
  EXPECT_THAT([&] { ChangeChannels(Channels::kGrey, preprocessing); },
              ThrowsMessage<Error>(HasSubstr("say the mean for these channels")));
  SetImageNetStatistics(Channels::kGrey, preprocessing);
  EXPECT_EQ(preprocessing.mean.size(), 1U);
  EXPECT_NO_THROW(Validate(preprocessing));
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
  wrong = {};
  wrong.channels = Channels::kRgba;
  rejects(wrong, "the means must be one number or 4 for RGBA input, not 3");
}

}  // namespace
}  // namespace milan
