#include "milan/image/exif.h"

#include <gtest/gtest.h>

#include "milan/base/random.h"
#include "tests/support/pictures.h"

namespace milan {
namespace {

/// An APP1 payload whose directory holds the image's width (to be passed over) and the orientation.
std::string ExifOf(char orientation, bool big_endian) {
  const std::string start("Exif\0\0", 6);
  if (big_endian)
    return start +
           std::string(
               "MM\0\x2A\0\0\0\x08\0\x02"
               "\x01\0\0\x03\0\0\0\x01\0\x64\0\0"
               "\x01\x12\0\x03\0\0\0\x01\0",
               31) +
           orientation + std::string("\0\0\0\0\0\0", 6);
  return start +
         std::string(
             "II\x2A\0\x08\0\0\0\x02\0"
             "\0\x01\x03\0\x01\0\0\0\x64\0\0\0"
             "\x12\x01\x03\0\x01\0\0\0",
             30) +
         orientation + std::string("\0\0\0\0\0\0\0", 7);
}

TEST(Exif, ReadsTheOrientationInBothByteOrders) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const auto value = static_cast<char>(orientation);
    EXPECT_EQ(ReadOrientation(BytesOf(ExifOf(value, true))), orientation);
    EXPECT_EQ(ReadOrientation(BytesOf(ExifOf(value, false))), orientation);
  }
}

TEST(Exif, MeaninglessValuesAndOtherSegmentsAreUpright) {
  EXPECT_EQ(ReadOrientation(BytesOf(ExifOf(0, true))), 1);
  EXPECT_EQ(ReadOrientation(BytesOf(ExifOf(9, false))), 1);
  EXPECT_EQ(ReadOrientation(BytesOf("http://ns.adobe.com/xap/1.0/")), 1);
  EXPECT_EQ(ReadOrientation({}), 1);
}

TEST(Exif, SurvivesDamage) {
  for (const bool big_endian : {true, false}) {
    const std::string exif = ExifOf(6, big_endian);
    for (size_t size = 0; size < exif.size(); ++size) {
      const std::string cut = exif.substr(0, size);  // a copy, so that a read beyond it is seen
      const int orientation = ReadOrientation(BytesOf(cut));
      EXPECT_TRUE(orientation == 1 || orientation == 6);
    }
    Random random(3);
    for (int round = 0; round < 20000; ++round) {
      std::string damaged = exif;
      for (int i = 0; i < 3; ++i)
        damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
      const int orientation = ReadOrientation(BytesOf(damaged));
      EXPECT_TRUE(1 <= orientation && orientation <= 8);
    }
  }
}

/// Images of one row of grey values per string character, for readable expectations.
Image Grey(int width, int height, const std::string& values) {
  Image image{width, height, {}};
  for (const char value : values) image.pixels.insert(image.pixels.end(), 3, uint8_t(value));
  return image;
}

TEST(Exif, TurnsEveryOrientationUpright) {
  // Stored: abc    The names of the orientations say where stored row 0 and column 0 are shown.
  //         def
  const Image stored = Grey(3, 2, "abcdef");
  EXPECT_EQ(Upright(stored, 1), stored);
  EXPECT_EQ(Upright(stored, 2), Grey(3, 2, "cbafed"));
  EXPECT_EQ(Upright(stored, 3), Grey(3, 2, "fedcba"));
  EXPECT_EQ(Upright(stored, 4), Grey(3, 2, "defabc"));
  EXPECT_EQ(Upright(stored, 5), Grey(2, 3, "adbecf"));
  EXPECT_EQ(Upright(stored, 6), Grey(2, 3, "daebfc"));
  EXPECT_EQ(Upright(stored, 7), Grey(2, 3, "fcebda"));
  EXPECT_EQ(Upright(stored, 8), Grey(2, 3, "cfbead"));
}

}  // namespace
}  // namespace milan
