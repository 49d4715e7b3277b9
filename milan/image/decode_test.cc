#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <jpeglib.h>
#include <png.h>

#include "milan/image/image.h"
#include "tests/support/pictures.h"

namespace milan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A JPEG of one colour, in any of libjpeg's colour spaces. `adjust` may change its settings.
std::string PlainJpeg(
    J_COLOR_SPACE space, std::vector<uint8_t> colour,
    const std::function<void(jpeg_compress_struct&)>& adjust = [](auto&) {}) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  info.image_width = 24;
  info.image_height = 16;
  info.input_components = static_cast<int>(colour.size());
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  adjust(info);
  jpeg_start_compress(&info, TRUE);
  std::vector<uint8_t> row;
  for (size_t x = 0; x < info.image_width; ++x) row.insert(row.end(), colour.begin(), colour.end());
  JSAMPROW rows = row.data();
  while (info.next_scanline < info.image_height) jpeg_write_scanlines(&info, &rows, 1);
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<char*>(buffer), size);
  std::free(buffer);
  return file;
}

/// Of one pixel of a picture that decodes; {} otherwise.
std::vector<int> ColourOf(const std::string& file, size_t pixel = 0) {
  const DecodeResult decoded = Decode(BytesOf(file));
  EXPECT_TRUE(decoded.ok()) << decoded.failure;
  if (!decoded.ok()) return {};
  const auto begin = decoded.image.pixels.begin() + static_cast<ptrdiff_t>(3 * pixel);
  return {begin, begin + 3};
}

TEST(DecodeJpeg, GreyAndRgb) {
  EXPECT_THAT(ColourOf(PlainJpeg(JCS_GRAYSCALE, {77})), ElementsAre(77, 77, 77));
  EXPECT_THAT(ColourOf(PlainJpeg(JCS_RGB, {10, 200, 90},
                                 [](auto& info) { jpeg_set_colorspace(&info, JCS_RGB); })),
              ElementsAre(10, 200, 90));
}

TEST(DecodeJpeg, CmykIsInvertedAsAdobeWritesIt) {
  EXPECT_THAT(ColourOf(PlainJpeg(JCS_CMYK, {255, 0, 0, 255})), ElementsAre(255, 0, 0));
  EXPECT_THAT(ColourOf(PlainJpeg(JCS_CMYK, {255, 255, 255, 128})), ElementsAre(128, 128, 128));
  EXPECT_THAT(ColourOf(PlainJpeg(JCS_CMYK, {255, 255, 255, 0})), ElementsAre(0, 0, 0));
  const auto ycck = [](auto& info) { jpeg_set_colorspace(&info, JCS_YCCK); };
  EXPECT_THAT(ColourOf(PlainJpeg(JCS_CMYK, {90, 90, 90, 255}, ycck)), ElementsAre(90, 90, 90));
}

TEST(DecodeJpeg, Progressive) {
  EXPECT_THAT(
      ColourOf(PlainJpeg(JCS_GRAYSCALE, {201}, [](auto& info) { jpeg_simple_progression(&info); })),
      ElementsAre(201, 201, 201));
}

TEST(DecodeJpeg, AppliesTheExifOrientation) {
  std::string file = PlainJpeg(JCS_GRAYSCALE, {60});
  const std::string exif(
      "\xFF\xE1\0\x22"
      "Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
      36);
  file.insert(2, exif);
  const DecodeResult decoded = Decode(BytesOf(file));
  ASSERT_TRUE(decoded.ok()) << decoded.failure;
  EXPECT_EQ(decoded.image.width, 16);
  EXPECT_EQ(decoded.image.height, 24);
}

struct PngForm {
  int color_type;
  int depth;
  int channels;
  int interlace = PNG_INTERLACE_NONE;
};

/// A PNG of one pixel value everywhere (its samples as bytes of the file, or palette index 1).
std::string PlainPng(const PngForm& form, const std::vector<uint8_t>& pixel,
                     const std::vector<uint8_t>& palette_alpha = {}) {
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &file,
      [](png_structp writer, png_bytep bytes, size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))
            ->append(reinterpret_cast<char*>(bytes), size);
      },
      nullptr);
  png_set_IHDR(png, info, 19, 11, form.depth, form.color_type, form.interlace,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  const std::array<png_color, 2> palette = {png_color{1, 2, 3}, png_color{200, 100, 50}};
  if (form.color_type == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(png, info, palette.data(), 2);
  if (!palette_alpha.empty())
    png_set_tRNS(png, info, palette_alpha.data(), static_cast<int>(palette_alpha.size()), nullptr);
  png_write_info(png, info);
  const size_t row_bytes = png_get_rowbytes(png, info);
  std::vector<uint8_t> row;
  while (row.size() < row_bytes) row.insert(row.end(), pixel.begin(), pixel.end());
  const int passes = png_set_interlace_handling(png);
  for (int i = 0; i < passes * 11; ++i) png_write_row(png, row.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

TEST(DecodePng, EveryKindOfPixel) {
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_GRAY, 8, 1}, {99})), ElementsAre(99, 99, 99));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_GRAY, 1, 1}, {0xFF})), ElementsAre(255, 255, 255));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_GRAY, 2, 1}, {0x55})), ElementsAre(85, 85, 85));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_RGB, 8, 3}, {9, 8, 7})), ElementsAre(9, 8, 7));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_PALETTE, 8, 1}, {1})), ElementsAre(200, 100, 50));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_PALETTE, 4, 1}, {0x11})),
              ElementsAre(200, 100, 50));
}

TEST(DecodePng, SixteenBitsKeepTheHighByte) {
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_GRAY, 16, 1}, {0x12, 0xFF})),
              ElementsAre(0x12, 0x12, 0x12));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_RGB, 16, 3}, {1, 200, 2, 100, 3, 50})),
              ElementsAre(1, 2, 3));
}

TEST(DecodePng, AlphaIsComposedOverWhite) {
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2}, {100, 0})),
              ElementsAre(255, 255, 255));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_RGB_ALPHA, 8, 4}, {100, 0, 255, 51})),
              ElementsAre(224, 204, 255));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_RGB_ALPHA, 8, 4}, {1, 2, 3, 255})),
              ElementsAre(1, 2, 3));
  // Palette colour 1 with alpha 0; colour 1 opaque when only colour 0 has an alpha.
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_PALETTE, 8, 1}, {1}, {255, 0})),
              ElementsAre(255, 255, 255));
  EXPECT_THAT(ColourOf(PlainPng({PNG_COLOR_TYPE_PALETTE, 8, 1}, {1}, {0})),
              ElementsAre(200, 100, 50));
}

TEST(DecodePng, Interlaced) {
  const std::string file =
      PlainPng({PNG_COLOR_TYPE_RGB_ALPHA, 8, 4, PNG_INTERLACE_ADAM7}, {100, 0, 255, 51});
  for (const size_t pixel : {0, 1, 19, 19 * 11 - 1})
    EXPECT_THAT(ColourOf(file, pixel), ElementsAre(224, 204, 255)) << pixel;
}

std::string FailureOf(const std::string& file) { return Decode(BytesOf(file)).failure; }

TEST(Decode, SaysWhatAnUnknownFileLooksLike) {
  EXPECT_EQ(FailureOf(""), "the file is empty");
  EXPECT_THAT(FailureOf("GIF89a..."), HasSubstr("looks like a GIF"));
  EXPECT_THAT(FailureOf(std::string("RIFF\x10\0\0\0WAVEfmt ", 16)), HasSubstr("unknown format"));
  EXPECT_THAT(FailureOf(std::string("RIFF\x10\0\0\0WEBPVP8 ", 16)), StartsWith("broken WebP"));
  EXPECT_THAT(FailureOf(std::string("\0\0\0\x1C"
                                    "ftypavif",
                                    12)),
              HasSubstr("an AVIF"));
  EXPECT_THAT(FailureOf("\n <!DOCTYPE html><html>"), HasSubstr("looks like HTML"));
  EXPECT_THAT(FailureOf("404: not found\n"), HasSubstr("looks like text"));
  EXPECT_THAT(FailureOf("version https://git-lfs.github.com/spec/v1"), HasSubstr("Git LFS"));
  EXPECT_THAT(FailureOf(std::string("\1\2\3\0\4", 5)), HasSubstr("unknown format"));
  EXPECT_THAT(FailureOf("\xFF\xD8"), StartsWith("broken JPEG file"));
}

/// Changes the size that a JPEG's frame header claims.
std::string WithJpegSize(std::string file, uint16_t size) {
  const size_t frame = file.find("\xFF\xC0");
  EXPECT_NE(frame, std::string::npos);
  for (const size_t place : {frame + 5, frame + 7}) {
    file[place] = static_cast<char>(size >> 8);
    file[place + 1] = static_cast<char>(size & 255);
  }
  return file;
}

TEST(Decode, RefusesHugePicturesBeforeTakingMemory) {
  const std::string jpeg = PlainJpeg(JCS_GRAYSCALE, {60});
  EXPECT_THAT(FailureOf(WithJpegSize(jpeg, 60000)), HasSubstr("60000 x 60000 pixels is too large"));
  // Allowed, but a lie: fails when the data end, long before memory is filled.
  EXPECT_THAT(FailureOf(WithJpegSize(jpeg, 16000)), StartsWith("broken JPEG file"));
  std::string png = PlainPng({PNG_COLOR_TYPE_GRAY, 8, 1}, {99});
  // IHDR of 500,000 x 500,000 with its checksum.
  png.replace(16, 17, std::string("\0\x07\xA1\x20\0\x07\xA1\x20\x08\0\0\0\0\xF9\x63\x78\xEC", 17));
  EXPECT_THAT(FailureOf(png), HasSubstr("500000 x 500000 pixels is too large"));
}

/// Small files of all forms that take different ways through the decoders.
std::vector<std::string> FilesOfAllForms() {
  const Image noise = NoiseImage(37, 29, 3);
  const auto ycck = [](auto& info) { jpeg_set_colorspace(&info, JCS_YCCK); };
  const auto progressive = [](auto& info) { jpeg_simple_progression(&info); };
  const auto restarts = [](auto& info) { info.restart_interval = 2; };
  return {
      EncodeJpeg(noise, 60),
      PlainJpeg(JCS_CMYK, {90, 20, 90, 255}, ycck),
      PlainJpeg(JCS_RGB, {90, 20, 90}, progressive),
      PlainJpeg(JCS_RGB, {90, 20, 90}, restarts),
      EncodePng(noise),
      PlainPng({PNG_COLOR_TYPE_RGB_ALPHA, 16, 4, PNG_INTERLACE_ADAM7}, {1, 2, 3, 4, 5, 6, 7, 8}),
      PlainPng({PNG_COLOR_TYPE_PALETTE, 4, 1}, {0x11}, {9, 30})};
}

TEST(Decode, ATruncatedFileIsAFailureAtEveryLength) {
  for (const std::string& file : FilesOfAllForms()) {
    ASSERT_EQ(FailureOf(file), "");
    for (size_t size = 0; size < file.size(); ++size) {
      const std::string cut = file.substr(0, size);  // a copy, so that a read beyond it is seen
      EXPECT_NE(FailureOf(cut), "") << size << " of " << file.size();
    }
  }
  const std::string jpeg = FilesOfAllForms().front();
  EXPECT_EQ(FailureOf(jpeg.substr(0, jpeg.size() - 40)),
            "broken JPEG file: Premature end of JPEG file");
}

TEST(Decode, AJpegWithoutItsLastRowsIsAFailureEvenWhenItEndsProperly) {
  const std::string jpeg = EncodeJpeg(NoiseImage(37, 29, 3), 60);
  EXPECT_THAT(FailureOf(jpeg.substr(0, jpeg.size() - 300) + "\xFF\xD9"),
              HasSubstr("premature end of data segment"));
}

TEST(Decode, ToleratesDamageThatCostsNoPixels) {
  std::string jpeg = PlainJpeg(JCS_GRAYSCALE, {60});
  jpeg.insert(jpeg.size() - 2, "extra");  // "extraneous bytes before marker"
  EXPECT_THAT(ColourOf(jpeg), ElementsAre(60, 60, 60));
  EXPECT_THAT(ColourOf(jpeg + "and after the end"), ElementsAre(60, 60, 60));
}

TEST(Decode, DamagedFilesNeverHarm) {
  Random random(5);
  size_t failures = 0;
  for (const std::string& file : FilesOfAllForms()) {
    for (int round = 0; round < 300; ++round) {
      std::string damaged = file;
      // Half of the rounds near the beginning, where the headers are.
      const size_t range = round % 2 == 0 ? file.size() : std::min<size_t>(file.size(), 200);
      for (uint64_t i = 0; i <= random.Below(4); ++i)
        damaged[random.Below(range)] = static_cast<char>(random.Below(256));
      const DecodeResult decoded = Decode(BytesOf(damaged));
      if (decoded.ok()) {
        EXPECT_EQ(decoded.image.pixels.size(),
                  size_t{3} * decoded.image.width * decoded.image.height);
      } else {
        ++failures;
      }
    }
  }
  EXPECT_GT(failures, 100U);
}

/// Noise behind a valid beginning, and chunks of one file in another.
TEST(Decode, SplicedFilesNeverHarm) {
  Random random(6);
  const std::vector<std::string> files = FilesOfAllForms();
  for (int round = 0; round < 1000; ++round) {
    const std::string& head = files[random.Below(files.size())];
    const std::string& tail = files[random.Below(files.size())];
    const std::string spliced =
        head.substr(0, random.Below(head.size())) + tail.substr(random.Below(tail.size()));
    const DecodeResult decoded = Decode(BytesOf(spliced));
    EXPECT_EQ(decoded.ok(), !decoded.image.pixels.empty());
  }
}

}  // namespace
}  // namespace milan
