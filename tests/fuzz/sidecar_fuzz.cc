// Reads bytes as the "input" of a network's sidecar, and does what is done with it for every photo.

#include <cmath>
#include <cstdint>
#include <string>

#include "milan/image/preprocess.h"
#include "tests/fuzz/must_hold.h"

namespace milan {
namespace {

void Read(const std::string& text) {
  MayThrow([&] {
    const Preprocessing preprocessing = ParsePreprocessing(text, "net.json");
    MustHold(preprocessing.Height() >= 1 && preprocessing.Width() >= 1, "there is a picture");
    MustHold(preprocessing.Height() <= 16384 && preprocessing.Width() <= 16384,
             "the picture is of a size that the docs state");
    Validate(preprocessing);
    MustHold(ParsePreprocessing(ToJsonText(preprocessing), "again") == preprocessing,
             "a preprocessing survives its text");
    const Box view = ViewBox(preprocessing, 640, 3);
    MustHold(std::isfinite(view.left + view.top + view.right + view.bottom), "the view is finite");
    // Larger pictures take time and show nothing else.
    if (preprocessing.Height() > 64 || preprocessing.Width() > 64) return;
    const Image photo{7, 3, std::vector<uint8_t>(7 * 3 * 3, 128)};
    const Image picture = Picture(preprocessing, photo);
    MustHold(picture.height == preprocessing.Height() && picture.width == preprocessing.Width(),
             "a picture has the size that the network takes");
    std::vector<float> input(picture.pixels.size());
    Normalize(preprocessing, picture, input);
  });
}

}  // namespace
}  // namespace milan

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  milan::Read({reinterpret_cast<const char*>(data), size});
  return 0;
}
