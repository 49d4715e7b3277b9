#include <algorithm>

#include "milan/image/codec.h"
#include "milan/image/exif.h"
#include "milan/image/jpeg_errors.h"

namespace milan {
namespace {

constexpr int kExifMarker = JPEG_APP0 + 1;
// Real progressive files have about ten; each scan costs a pass over the whole picture, however
// small it is in the file.
constexpr int kMostScans = 500;

/// Pillow's conversion, which takes every CMYK JPEG as Adobe writes it: inverted (255 is no ink).
void CmykToRgb(std::span<const uint8_t> cmyk, uint8_t* rgb) {
  for (size_t i = 0; i < cmyk.size(); i += 4) {
    const int light = cmyk[i + 3];
    for (size_t channel = 0; channel < 3; ++channel) {
      const int product = (255 - cmyk[i + channel]) * light + 128;
      const int absorbed = (product + (product >> 8)) >> 8;  // rounded division by 255
      *rgb++ = static_cast<uint8_t>(std::max(0, light - absorbed));
    }
  }
}

class JpegReader {
 public:
  explicit JpegReader(std::span<const std::byte> bytes) : bytes_(bytes) {
    info_.err = errors_.manager();
    info_.client_data = &errors_;
    progress_.progress_monitor = &StopAfterManyScans;
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  DecodeResult Read() {
    if (!errors_.Try([this] { ReadHeader(); })) return Failure();
    if (std::string failure = SizeFailure(info_.image_width, info_.image_height); !failure.empty())
      return {{}, failure};
    const int orientation = Orientation();  // finishing forgets the markers
    Image image{static_cast<int>(info_.image_width), static_cast<int>(info_.image_height), {}};
    // Reserved only: memory is used as rows arrive, however much the header promises.
    image.pixels.reserve(size_t{info_.image_width} * info_.image_height * 3);
    if (info_.out_color_space == JCS_CMYK) cmyk_row_.resize(size_t{info_.image_width} * 4);
    if (!errors_.Try([&] { ReadRows(image); })) return Failure();
    return {Upright(std::move(image), orientation), ""};
  }

 private:
  DecodeResult Failure() const { return {{}, "broken JPEG file: " + errors_.failure()}; }

  static void StopAfterManyScans(j_common_ptr info) {
    if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMostScans)
      JpegErrors::Of(info)->Fail("more progressive scans than any real picture has");
  }

  void ReadHeader() {
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_save_markers(&info_, kExifMarker, 0xFFFF);
    jpeg_read_header(&info_, TRUE);
    const bool has_black = info_.jpeg_color_space == JCS_CMYK || info_.jpeg_color_space == JCS_YCCK;
    info_.out_color_space = has_black ? JCS_CMYK : JCS_RGB;
    // libjpeg's defaults, spelled out because equality with Pillow rests on them.
    info_.dct_method = JDCT_ISLOW;
    info_.do_fancy_upsampling = TRUE;
  }

  /// Runs inside `Try`: grows `image.pixels` within what is reserved.
  void ReadRows(Image& image) {
    jpeg_start_decompress(&info_);
    const size_t stride = size_t{info_.output_width} * 3;
    while (info_.output_scanline < info_.output_height) {
      image.pixels.resize(image.pixels.size() + stride);
      uint8_t* output = image.pixels.data() + image.pixels.size() - stride;
      JSAMPROW row = cmyk_row_.empty() ? output : cmyk_row_.data();
      jpeg_read_scanlines(&info_, &row, 1);
      if (!cmyk_row_.empty()) CmykToRgb(cmyk_row_, output);
    }
    jpeg_finish_decompress(&info_);  // finds that the end is missing
  }

  int Orientation() const {
    for (const jpeg_marker_struct* marker = info_.marker_list; marker; marker = marker->next) {
      const std::span<const JOCTET> data(marker->data, marker->data_length);
      if (const int orientation = ReadOrientation(std::as_bytes(data)); orientation != 1)
        return orientation;
    }
    return 1;
  }

  std::span<const std::byte> bytes_;
  JpegErrors errors_;
  jpeg_decompress_struct info_{};
  jpeg_progress_mgr progress_{};
  std::vector<uint8_t> cmyk_row_;
};

}  // namespace

DecodeResult DecodeJpeg(std::span<const std::byte> bytes) { return JpegReader(bytes).Read(); }

}  // namespace milan
