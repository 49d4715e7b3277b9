#include "milan/captioner/encoder.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/captioner/colour_run.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::HasSubstr;

std::string FailureOf(const Path& network) {
  try {
    Encoder::Open(network);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  return "no error";
}

TEST(Encoder, SidecarMustNameLevelsThatExistAndAreMaps) {
  const TemporaryFolder folder;
  const Path network = WriteColourEncoder(folder.path());
  const Path sidecar = folder / "encoder.json";
  Json json = ReadJson(sidecar);
  json["levels"] = {"fine", "course"};
  WriteJson(sidecar, json);
  EXPECT_THAT(FailureOf(network), testing::AllOf(HasSubstr("course"), HasSubstr("coarse")));
  json.erase("levels");
  WriteJson(sidecar, json);
  EXPECT_THAT(FailureOf(network), testing::AllOf(HasSubstr("encoder.json"), HasSubstr("levels")));
  std::filesystem::remove(sidecar);
  EXPECT_THAT(FailureOf(network), HasSubstr("encoder.json beside it"));
}

TEST(Encoder, SavedCopyGivesTheSameLevels) {
  const TemporaryFolder folder;
  const Encoder encoder = Encoder::Open(WriteColourEncoder(folder.path()));
  CreateFolder(folder / "copy");
  encoder.Save(folder.path() / "copy" / "network.onnx");
  const Encoder copy = Encoder::Open(folder.path() / "copy" / "network.onnx");
  EXPECT_EQ(copy.levels(), encoder.levels());
  EXPECT_EQ(copy.feature_size(), 12);
  Image picture{32, 32, std::vector<uint8_t>(32 * 32 * 3)};
  for (size_t i = 0; i < picture.pixels.size(); ++i)
    picture.pixels[i] = static_cast<uint8_t>(i * 7);
  std::vector<float> first;
  encoder.Run(picture, [&](std::span<const ArrayView> levels) {
    first.assign(levels[1].values.begin(), levels[1].values.end());
  });
  copy.Run(picture, [&](std::span<const ArrayView> levels) {
    EXPECT_THAT(levels[1].values, testing::ElementsAreArray(first));
  });
}

TEST(ViewOf, IsTheCropOfTheOriginalPhoto) {
  // Left half black, right half white; the network sees the centre square.
  Image photo{64, 32, {}};
  for (int i = 0; i < 64 * 32; ++i)
    photo.pixels.insert(photo.pixels.end(), 3, i % 64 < 32 ? 0 : 255);
  Preprocessing view;
  view.shorter_side = 32;
  view.crop = {32, 32};
  const Image seen = ViewOf(photo, view, 16, 16);
  ASSERT_EQ(seen.pixels.size(), 16U * 16 * 3);
  for (int x = 0; x < 16; ++x) {
    if (x == 7 || x == 8) continue;  // where the filter mixes both halves
    EXPECT_EQ(seen.pixels[static_cast<size_t>(x) * 3], x < 8 ? 0 : 255) << x;
  }
}

}  // namespace
}  // namespace milan
