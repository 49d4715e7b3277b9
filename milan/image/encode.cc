#include <new>
#include <utility>

#include <png.h>

#include "milan/base/error.h"
#include "milan/image/image.h"
#include "milan/image/jpeg_errors.h"

namespace milan {
namespace {

void CheckImage(const Image& image) {
  MILAN_CHECK(image.width >= 1 && image.height >= 1, "encode an empty image");
  MILAN_CHECK(image.pixels.size() == size_t{3} * image.width * image.height,
              "the image's pixels do not fit its size");
}

class JpegWriter {
 public:
  JpegWriter() {
    info_.err = errors_.manager();
    info_.client_data = &errors_;
    destination_.writer = this;
    destination_.init_destination = [](j_compress_ptr) {};
    destination_.empty_output_buffer = [](j_compress_ptr info) { return Grow(info); };
    destination_.term_destination = [](j_compress_ptr) {};
  }
  ~JpegWriter() { jpeg_destroy_compress(&info_); }
  JpegWriter(const JpegWriter&) = delete;
  JpegWriter& operator=(const JpegWriter&) = delete;

  std::string Write(const Image& image, int quality) {
    output_.resize(size_t{1} << 16);
    if (!errors_.Try([&] { WriteRows(image, quality); }))
      throw ResourceError("cannot write a JPEG: " + errors_.failure());
    output_.resize(output_.size() - destination_.free_in_buffer);
    return std::move(output_);
  }

 private:
  struct Destination : jpeg_destination_mgr {
    JpegWriter* writer = nullptr;
  };

  /// libjpeg's call when the output is full; all of it is then used.
  static boolean Grow(j_compress_ptr info) {
    auto* writer = static_cast<Destination*>(info->dest)->writer;
    const size_t used = writer->output_.size();
    bool grown = true;
    try {
      writer->output_.resize(2 * used);
    } catch (const std::bad_alloc&) {
      grown = false;  // reported below: the jump may not leave a handler
    }
    if (!grown) writer->errors_.Fail("not enough memory");
    writer->Offer(used);
    return TRUE;
  }

  void Offer(size_t used) {
    destination_.next_output_byte = reinterpret_cast<JOCTET*>(output_.data()) + used;
    destination_.free_in_buffer = output_.size() - used;
  }

  void WriteRows(const Image& image, int quality) {
    jpeg_create_compress(&info_);
    info_.dest = &destination_;
    Offer(0);
    info_.image_width = image.width;
    info_.image_height = image.height;
    info_.input_components = 3;
    info_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info_);
    jpeg_set_quality(&info_, quality, TRUE);
    info_.optimize_coding = TRUE;
    jpeg_start_compress(&info_, TRUE);
    for (size_t y = 0; y < info_.image_height; ++y) {
      // libjpeg takes rows to read as pointers to non-const; it does not write to them.
      auto* row = const_cast<JSAMPROW>(image.pixels.data() + y * info_.image_width * 3);
      jpeg_write_scanlines(&info_, &row, 1);
    }
    jpeg_finish_compress(&info_);
  }

  JpegErrors errors_;
  jpeg_compress_struct info_{};
  Destination destination_{};
  std::string output_;
};

}  // namespace

std::string EncodeJpeg(const Image& image, int quality) {
  CheckImage(image);
  MILAN_CHECK(1 <= quality && quality <= 100, "a JPEG's quality is between 1 and 100");
  return JpegWriter().Write(image, quality);
}

std::string EncodePng(const Image& image) {
  CheckImage(image);
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = PNG_FORMAT_RGB;
  size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::string output(size, '\0');
  if (png_image_write_to_memory(&png, output.data(), &size, 0, image.pixels.data(), 0, nullptr) ==
      0)
    throw ResourceError(std::string("cannot write a PNG: ") + png.message);
  output.resize(size);
  return output;
}

}  // namespace milan
