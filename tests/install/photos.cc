// The photos of install_test.sh: ten grey pictures with a square each, red, green or blue in turn
// and ever stronger, by which the best photos of each colour are known.
//   photos FOLDER

#include <string>

#include "milan/base/file.h"
#include "milan/image/image.h"

int main(int, char** argv) {
  const milan::Path folder = argv[1];
  milan::CreateFolder(folder);
  for (int id = 0; id < 10; ++id) {
    milan::Image image{64, 64, {}};
    image.pixels.assign(64 * 64 * 3, 50);
    for (int pixel = 0; pixel < 24 * 24; ++pixel) {
      const int place = (16 + pixel / 24) * 64 + 32 + pixel % 24;
      image.pixels[place * 3 + id % 3] = static_cast<uint8_t>(100 + 10 * id);
    }
    milan::WriteFileAtomically(folder / (std::to_string(id) + ".png"), milan::EncodePng(image));
  }
  return 0;
}
