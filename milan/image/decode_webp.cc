#include <string>
#include <utility>

#include <webp/decode.h>
#include <webp/demux.h>

#include "milan/image/codec.h"
#include "milan/image/exif.h"

namespace milan {
namespace {

/// The parts of a WebP file. Empty when the file is damaged or ends before its last part.
class WebpParts {
 public:
  explicit WebpParts(std::span<const std::byte> bytes) {
    const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
    parts_ = WebPDemux(&data);
  }
  ~WebpParts() { WebPDemuxDelete(parts_); }
  WebpParts(const WebpParts&) = delete;
  WebpParts& operator=(const WebpParts&) = delete;

  bool IsEmpty() const { return parts_ == nullptr; }

  int Orientation() const {
    WebPChunkIterator chunk;
    if (WebPDemuxGetChunk(parts_, "EXIF", 1, &chunk) == 0) return 1;
    const auto exif = std::as_bytes(std::span(chunk.chunk.bytes, chunk.chunk.size));
    // The format wants the bare TIFF data; some programs copy a JPEG's segment with its signature.
    const int bare = ReadTiffOrientation(exif);
    const int orientation = bare != 1 ? bare : ReadOrientation(exif);
    WebPDemuxReleaseChunkIterator(&chunk);
    return orientation;
  }

 private:
  WebPDemuxer* parts_ = nullptr;
};

const char* Reason(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return "the file is truncated";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses a feature that libwebp does not know";
    default:
      return "the picture's data are damaged";
  }
}

DecodeResult Failure(const char* reason) {
  return {{}, std::string("broken WebP file: ") + reason};
}

/// Decodes into `pixels`, `channels` bytes each; false when the data are damaged.
bool DecodePixels(std::span<const std::byte> bytes, const Image& size, int channels,
                  std::vector<uint8_t>& pixels) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  pixels.resize(static_cast<size_t>(size.width) * size.height * channels);
  const auto decode = channels == 4 ? &WebPDecodeRGBAInto : &WebPDecodeRGBInto;
  return decode(data, bytes.size(), pixels.data(), pixels.size(), size.width * channels) != nullptr;
}

}  // namespace

DecodeResult DecodeWebp(std::span<const std::byte> bytes) {
  WebPBitstreamFeatures features;
  const VP8StatusCode status =
      WebPGetFeatures(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &features);
  if (status != VP8_STATUS_OK) return Failure(Reason(status));
  if (features.has_animation != 0)
    return {{}, "an animated WebP file; milan reads still pictures only"};
  const auto width = static_cast<uint64_t>(features.width);
  const auto height = static_cast<uint64_t>(features.height);
  if (std::string failure = SizeFailure(width, height); !failure.empty()) return {{}, failure};
  // Before memory is taken for what the header promises.
  const WebpParts parts(bytes);
  if (parts.IsEmpty()) return Failure("the file is truncated or damaged");

  Image image{features.width, features.height, {}};
  const int channels = features.has_alpha != 0 ? 4 : 3;
  if (!DecodePixels(bytes, image, channels, image.pixels))
    return Failure("the picture's data are damaged");
  if (channels == 4) {
    ComposeOverWhite(image.pixels, image.pixels.data());
    image.pixels.resize(image.pixels.size() / 4 * 3);
  }
  return {Upright(std::move(image), parts.Orientation()), ""};
}

}  // namespace milan
