#include <cmath>

#include <gtest/gtest.h>

#include "milan/base/json.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "tests/support/pictures.h"
#include "tests/support/sha256.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(Sha256::Of({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string abc = "abc";
  EXPECT_EQ(Sha256::Of({reinterpret_cast<const uint8_t*>(abc.data()), abc.size()}),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// 120 pictures, byte by byte as PIL's Resize(256) + CenterCrop(224) made them.
TEST(Parity, PicturesEqualTorchvisions) {
  MILAN_NEEDS_SHARED_DATA();
  const Json crops = ReadJson(SharedData("parity/photos/crops.json"));
  const PhotoSet photos = OpenPhotoSet(SharedData("parity/photos/images"));
  ASSERT_EQ(photos.photos.size(), crops.size());
  ASSERT_GT(crops.size(), 100U);
  for (size_t id = 0; id < crops.size(); ++id) {
    const DecodeResult photo = LoadPhoto(photos, id);
    ASSERT_TRUE(photo.ok()) << photo.failure;
    const Image picture = Picture(Preprocessing{}, photo.image);
    EXPECT_EQ(Sha256::Of(picture.pixels), crops[id]["crop_sha256"].get<std::string>())
        << photos.photos[id].name;
  }
}

// What a wrong index in a crop taken straight from the photo would break.
TEST(Parity, PictureIsTheCropOfTheResizedPhoto) {
  for (const auto& [width, height] : {std::pair{500, 375}, {375, 500}, {256, 300}, {97, 61}}) {
    const Image photo = NoiseImage(width, height, 11);
    const int resized_width = width <= height ? 256 : 256 * width / height;
    const int resized_height = width <= height ? 256 * height / width : 256;
    const int left = static_cast<int>(std::nearbyint((resized_width - 224) / 2.0));
    const int top = static_cast<int>(std::nearbyint((resized_height - 224) / 2.0));
    EXPECT_EQ(Picture(Preprocessing{}, photo),
              CutOut(Resize(photo, resized_width, resized_height), left, top, 224, 224));
  }
}

}  // namespace
}  // namespace milan
