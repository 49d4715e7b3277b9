#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <webp/encode.h>

#include "milan/image/image.h"
#include "tests/support/pictures.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string TakeFile(uint8_t* file, size_t size) {
  std::string taken(reinterpret_cast<char*>(file), size);
  WebPFree(file);
  return taken;
}

std::string LosslessWebp(const Image& image) {
  uint8_t* file = nullptr;
  const size_t size =
      WebPEncodeLosslessRGB(image.pixels.data(), image.width, image.height, image.width * 3, &file);
  return TakeFile(file, size);
}

std::string LossyWebp(const Image& image, float quality) {
  uint8_t* file = nullptr;
  const size_t size = WebPEncodeRGB(image.pixels.data(), image.width, image.height, image.width * 3,
                                    quality, &file);
  return TakeFile(file, size);
}

std::string AlphaWebp(const std::vector<uint8_t>& rgba, int width, int height) {
  uint8_t* file = nullptr;
  const size_t size = WebPEncodeLosslessRGBA(rgba.data(), width, height, width * 4, &file);
  return TakeFile(file, size);
}

std::string Number(uint32_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 255);
  return text;
}

std::string Chunk(const std::string& kind, const std::string& content) {
  return kind + Number(static_cast<uint32_t>(content.size()), 4) + content +
         std::string(content.size() % 2, '\0');
}

/// A simple file's picture in the extended form, with more chunks.
std::string Extended(const std::string& simple, uint8_t flags, int width, int height,
                     const std::string& chunks) {
  const std::string header = Number(flags, 4) + Number(static_cast<uint32_t>(width - 1), 3) +
                             Number(static_cast<uint32_t>(height - 1), 3);
  return Chunk("RIFF", "WEBP" + Chunk("VP8X", header) + simple.substr(12) + chunks);
}

std::string FailureOf(const std::string& file) { return Decode(BytesOf(file)).failure; }

TEST(DecodeWebp, LosslessGivesThePictureBack) {
  for (const Image& image : {PatternImage(13, 7), NoiseImage(37, 29, 3), PatternImage(1, 1)}) {
    const DecodeResult decoded = Decode(BytesOf(LosslessWebp(image)));
    ASSERT_TRUE(decoded.ok()) << decoded.failure;
    EXPECT_EQ(decoded.image, image);
  }
}

TEST(DecodeWebp, LossyGivesThePictureNearly) {
  const Image image = GradientImage(64, 48);
  const DecodeResult decoded = Decode(BytesOf(LossyWebp(image, 95)));
  ASSERT_TRUE(decoded.ok()) << decoded.failure;
  ASSERT_EQ(decoded.image.width, 64);
  ASSERT_EQ(decoded.image.height, 48);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    ASSERT_NEAR(decoded.image.pixels[i], image.pixels[i], 12) << i;
}

TEST(DecodeWebp, AlphaIsComposedOverWhite) {
  const DecodeResult decoded =
      Decode(BytesOf(AlphaWebp({100, 0, 255, 51, 9, 9, 9, 0, 1, 2, 3, 255}, 3, 1)));
  ASSERT_TRUE(decoded.ok()) << decoded.failure;
  EXPECT_THAT(decoded.image.pixels, ElementsAre(224, 204, 255, 255, 255, 255, 1, 2, 3));
}

TEST(DecodeWebp, AppliesTheExifOrientation) {
  constexpr uint8_t kHasExif = 8;
  const Image image = PatternImage(5, 3);
  const std::string tiff("MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0", 26);
  for (const std::string& exif : {tiff, std::string("Exif\0\0", 6) + tiff}) {
    const DecodeResult decoded =
        Decode(BytesOf(Extended(LosslessWebp(image), kHasExif, 5, 3, Chunk("EXIF", exif))));
    ASSERT_TRUE(decoded.ok()) << decoded.failure;
    ASSERT_EQ(decoded.image.width, 3);
    ASSERT_EQ(decoded.image.height, 5);
    // Turned right: the left column, from its bottom, is the first row.
    EXPECT_EQ(CutOut(decoded.image, 0, 0, 1, 1), CutOut(image, 0, 2, 1, 1));
    EXPECT_EQ(CutOut(decoded.image, 2, 4, 1, 1), CutOut(image, 4, 0, 1, 1));
  }
}

TEST(DecodeWebp, AnimationsAreRefused) {
  constexpr uint8_t kIsAnimated = 2;
  const std::string file = Extended(LosslessWebp(PatternImage(5, 3)), kIsAnimated, 5, 3, "");
  EXPECT_THAT(FailureOf(file), HasSubstr("an animated WebP file"));
}

TEST(DecodeWebp, EveryCutFileIsAFailure) {
  for (const std::string& file :
       {LosslessWebp(NoiseImage(19, 11, 3)), LossyWebp(NoiseImage(19, 11, 3), 60)}) {
    for (size_t size = 12; size < file.size(); ++size)
      ASSERT_THAT(FailureOf(file.substr(0, size)), StartsWith("broken WebP file")) << size;
    EXPECT_TRUE(Decode(BytesOf(file + "and after the end")).ok());
  }
}

/// A file of a few bytes that says it holds the largest picture of the format.
TEST(DecodeWebp, APromiseThatTheFileCannotKeepIsAFailure) {
  std::string file = LossyWebp(NoiseImage(19, 11, 3), 60);
  const size_t start_code = file.find("\x9D\x01\x2A");
  ASSERT_NE(start_code, std::string::npos);
  file.replace(start_code + 3, 4, "\xFF\x3F\xFF\x3F");
  EXPECT_THAT(FailureOf(file), StartsWith("broken WebP file"));
}

TEST(DecodeWebp, DamagedFilesNeverHarm) {
  Random random(5);
  size_t failures = 0;
  const std::vector<std::string> files = {LosslessWebp(NoiseImage(37, 29, 3)),
                                          LossyWebp(NoiseImage(37, 29, 3), 60),
                                          AlphaWebp(std::vector<uint8_t>(37 * 29 * 4, 77), 37, 29)};
  for (const std::string& file : files) {
    for (int round = 0; round < 300; ++round) {
      std::string damaged = file;
      // Not the sizes: a damaged one of them costs the test a picture of the largest kind.
      for (uint64_t i = 0; i <= random.Below(4); ++i)
        damaged[30 + random.Below(file.size() - 30)] = static_cast<char>(random.Below(256));
      const DecodeResult decoded = Decode(BytesOf(damaged));
      EXPECT_EQ(decoded.ok(), !decoded.image.pixels.empty());
      failures += decoded.ok() ? 0 : 1;
    }
  }
  EXPECT_GT(failures, 30U);
}

}  // namespace
}  // namespace milan
