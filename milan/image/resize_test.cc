#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/image/image.h"
#include "milan/image/resample.h"
#include "tests/support/pictures.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// The next three expectations were made with Pillow 9.4.0: the same pattern, BILINEAR.
TEST(Resize, ShrinksLikePillow) {
  EXPECT_THAT(Resize(PatternImage(7, 5), 3, 4).pixels,
              ElementsAreArray({55,  108, 147, 130, 168, 168, 163, 134, 104, 138, 145, 128,
                                131, 142, 99,  95,  116, 169, 95,  102, 117, 96,  143, 152,
                                169, 169, 126, 117, 170, 182, 140, 114, 103, 83,  114, 125}));
}

TEST(Resize, EnlargesLikePillow) {
  EXPECT_THAT(
      Resize(PatternImage(3, 2), 5, 3).pixels,
      ElementsAreArray({0,  53,  106, 15,  68,  121, 37,  90,  143, 59,  112, 165, 74,  127, 180,
                        46, 99,  152, 61,  114, 167, 83,  136, 189, 105, 158, 134, 120, 173, 98,
                        91, 144, 197, 106, 159, 212, 128, 181, 234, 150, 203, 103, 165, 218, 15}));
}

TEST(Resize, TakesFractionalBoxesLikePillow) {
  EXPECT_THAT(Resize(PatternImage(9, 8), {1.25, 0.5, 7.75, 6.5}, 2, 3).pixels,
              ElementsAreArray({125, 147, 124, 117, 128, 145, 109, 135, 137, 131, 139, 129, 116,
                                126, 141, 120, 142, 128}));
}

TEST(Resize, WidensTheTriangleWhenShrinking) {
  // 4 -> 2: the triangle has half width 2, so the weights of the first output are 3, 3, 1 of 7.
  const Image image{4, 1, {70, 70, 70, 140, 140, 140, 210, 210, 210, 0, 0, 0}};
  EXPECT_THAT(Resize(image, 2, 1).pixels, ElementsAre(120, 120, 120, 110, 110, 110));
}

TEST(Resize, KeepsAPlainColourAtAnySize) {
  for (const uint8_t value : {0, 1, 127, 254, 255}) {
    const Image plain{40, 30, std::vector<uint8_t>(40 * 30 * 3, value)};
    for (const int size : {1, 2, 3, 7, 29, 31, 90, 257}) {
      const Image resized = Resize(plain, size, 2 * size);
      EXPECT_EQ(resized.pixels.size(), 6U * size * size);
      EXPECT_TRUE(std::all_of(resized.pixels.begin(), resized.pixels.end(),
                              [&](uint8_t pixel) { return pixel == value; }))
          << int{value} << " at " << size;
    }
  }
}

TEST(Resize, SameSizeChangesNothing) {
  const Image image = NoiseImage(23, 17, 1);
  EXPECT_EQ(Resize(image, 23, 17), image);
  EXPECT_EQ(Resize(image, {4, 3, 20, 14}, 16, 11), CutOut(image, 4, 3, 16, 11));
}

TEST(Resize, OneAxisCanStay) {
  const Image image = NoiseImage(23, 17, 1);
  const Image wide = Resize(image, 46, 17);
  const Image high = Resize(image, 23, 34);
  // Rows (columns) of the result are those that the axis alone gives.
  EXPECT_EQ(CutOut(wide, 0, 5, 46, 1), Resize(CutOut(image, 0, 5, 23, 1), 46, 1));
  EXPECT_EQ(CutOut(high, 7, 0, 1, 34), Resize(CutOut(image, 7, 0, 1, 17), 1, 34));
}

TEST(Resample, PartsEqualTheSamePartsOfTheWhole) {
  Random random(7);
  const auto pick = [&](int low, int high) {
    return low + static_cast<int>(random.Below(static_cast<uint64_t>(high - low + 1)));
  };
  for (int round = 0; round < 200; ++round) {
    const Image image = NoiseImage(pick(1, 60), pick(1, 60), random.Next());
    const int width = random.Below(5) == 0 ? image.width : pick(1, 80);
    const int height = random.Below(5) == 0 ? image.height : pick(1, 80);
    const int left = pick(0, width - 1);
    const int top = pick(0, height - 1);
    const int part_width = pick(1, width - left);
    const int part_height = pick(1, height - top);
    const Image part = Resample(image, {0, double(image.width), width, left, part_width},
                                {0, double(image.height), height, top, part_height});
    EXPECT_EQ(part, CutOut(Resize(image, width, height), left, top, part_width, part_height))
        << image.width << "x" << image.height << " to " << width << "x" << height;
  }
}

TEST(Resize, RefusesABoxOutsideTheImage) {
  const Image image = NoiseImage(10, 10, 1);
  EXPECT_THROW(Resize(image, {0, 0, 11, 10}, 5, 5), Error);
  EXPECT_THROW(Resize(image, {-1, 0, 10, 10}, 5, 5), Error);
  EXPECT_THROW(Resize(image, {5, 0, 5, 10}, 5, 5), Error);
  EXPECT_THROW(Resize(image, 0, 5), Error);
}

}  // namespace
}  // namespace milan
