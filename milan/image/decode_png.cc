#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>

#include <png.h>

#include "milan/image/codec.h"

namespace milan {
namespace {

class PngReader {
 public:
  explicit PngReader(std::span<const std::byte> bytes) : rest_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &OnError, [](png_structp, auto) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  DecodeResult Read() {
    if (info_ == nullptr) throw std::bad_alloc();
    if (!Try([this] { ReadHeader(); })) return Failure();
    const uint64_t width = png_get_image_width(png_, info_);
    const uint64_t height = png_get_image_height(png_, info_);
    if (std::string failure = SizeFailure(width, height); !failure.empty()) return {{}, failure};
    if (!Try([this] { StartRows(); })) return Failure();
    Image image{static_cast<int>(width), static_cast<int>(height), {}};
    // Reserved only: memory is used as rows arrive, however much the header promises.
    image.pixels.reserve(width * height * 3);
    // An interlaced picture is complete only after its last pass; another one row by row.
    stored_.resize(stride_ * (passes_ > 1 ? height : 1));
    if (!Try([&] { ReadRows(image); })) return Failure();
    return {std::move(image), ""};
  }

 private:
  DecodeResult Failure() const { return {{}, std::string("broken PNG file: ") + message_}; }

  /// libpng's errors must not return to libpng: they jump back to here. The jump passes only
  /// libpng's own frames and the step's, so a step must own nothing.
  template <typename Step>
  bool Try(Step step) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    step();
    return true;
  }

  static void OnError(png_structp png, png_const_charp message) {
    auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
    std::snprintf(reader->message_, sizeof(reader->message_), "%s", message);
    png_longjmp(png, 1);
  }

  static void OnRead(png_structp png, png_bytep output, size_t size) {
    auto& rest = static_cast<PngReader*>(png_get_io_ptr(png))->rest_;
    if (size > rest.size()) png_error(png, "the file is truncated");
    std::memcpy(output, rest.data(), size);
    rest = rest.subspan(size);
  }

  void ReadHeader() {
    png_set_read_fn(png_, this, &OnRead);
    png_read_info(png_, info_);
  }

  /// All kinds of PNG become 8-bit RGB or RGBA. Of 16 bits the high byte is kept, as Pillow does.
  void StartRows() {
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_gray_to_rgb(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    stride_ = png_get_rowbytes(png_, info_);
    has_alpha_ = png_get_channels(png_, info_) == 4;
  }

  /// Runs inside `Try`: grows `image.pixels` within what is reserved.
  void ReadRows(Image& image) {
    for (int pass = 0; pass < passes_; ++pass) {
      for (int y = 0; y < image.height; ++y) {
        uint8_t* row = stored_.data() + (passes_ > 1 ? stride_ * y : 0);
        png_read_row(png_, row, nullptr);
        if (pass == passes_ - 1) AppendRow({row, stride_}, image);
      }
    }
    png_read_end(png_, nullptr);
  }

  void AppendRow(std::span<const uint8_t> row, Image& image) const {
    const size_t size = image.pixels.size();
    image.pixels.resize(size + static_cast<size_t>(image.width) * 3);
    if (has_alpha_) {
      ComposeOverWhite(row, image.pixels.data() + size);
    } else {
      std::copy(row.begin(), row.end(), image.pixels.begin() + static_cast<ptrdiff_t>(size));
    }
  }

  std::span<const std::byte> rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  char message_[160] = {};
  int passes_ = 1;
  size_t stride_ = 0;
  bool has_alpha_ = false;
  std::vector<uint8_t> stored_;
};

}  // namespace

DecodeResult DecodePng(std::span<const std::byte> bytes) { return PngReader(bytes).Read(); }

}  // namespace milan
