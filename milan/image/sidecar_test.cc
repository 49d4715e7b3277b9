#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/json.h"
#include "milan/base/random.h"
#include "milan/image/preprocess.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Json UsualInput() {
  return Json::parse(R"({"name": "data", "kind": "image", "layout": "NCHW", "channels": "RGB",
    "resize": {"shorter_side": 256, "filter": "bilinear", "antialias": true}, "crop": [227, 224],
    "scale": 1.0, "mean": [123.0, 117.0, 104.0], "std": [1.0, 2.0, 3.0], "rule": "prose"})");
}

TEST(Sidecar, ReadsTheMemberInput) {
  const TemporaryFolder folder;
  std::ofstream(folder / "net.json") << Json{{"name", "net"}, {"input", UsualInput()}};
  const Preprocessing preprocessing = ReadPreprocessing(folder / "net.json");
  EXPECT_EQ(preprocessing.shorter_side, 256);
  EXPECT_EQ(preprocessing.crop, (std::array{227, 224}));
  EXPECT_EQ(preprocessing.scale, 1.0F);
  EXPECT_EQ(preprocessing.mean, (std::vector{123.0F, 117.0F, 104.0F}));
  EXPECT_EQ(preprocessing.std, (std::vector{1.0F, 2.0F, 3.0F}));
}

TEST(Sidecar, OtherChannelsAndLayouts) {
  Json input = UsualInput();
  input["channels"] = "grey";
  input["layout"] = "NHWC";
  input["mean"] = 127.5;
  input["std"] = {127.5};
  const Preprocessing grey = ParsePreprocessing(input.dump(), "input");
  EXPECT_EQ(grey.channels, Channels::kGrey);
  EXPECT_EQ(grey.layout, PixelLayout::kNhwc);
  EXPECT_EQ(grey.mean, (std::vector{127.5F}));
  EXPECT_EQ(InputShape(grey), (Shape{1, 227, 224, 1}));
  EXPECT_EQ(ParsePreprocessing(ToJsonText(grey), "text"), grey);
  input["channels"] = "RGBA";
  input["mean"] = {1, 2, 3, 4};
  EXPECT_EQ(ParsePreprocessing(input.dump(), "input").mean, (std::vector{1.0F, 2.0F, 3.0F, 4.0F}));
}

TEST(Sidecar, WhatItDoesNotSayOfTheChannelsComesFromTheNetwork) {
  const TemporaryFolder folder;
  Json input = UsualInput();
  input["mean"] = 0;
  input["std"] = 1;
  input.erase("channels");
  std::ofstream(folder / "net.json") << Json{{"input", input}};
  Preprocessing of_network;
  of_network.channels = Channels::kGrey;
  of_network.layout = PixelLayout::kNhwc;
  const Preprocessing read = ReadPreprocessing(folder / "net.json", of_network);
  EXPECT_EQ(read.channels, Channels::kGrey);
  EXPECT_EQ(read.layout, PixelLayout::kNchw);  // the file has it
}

TEST(Sidecar, SizeWithoutCrop) {
  Json input = UsualInput();
  input["resize"] = {{"size", {100, 200}}};
  input["crop"] = nullptr;
  const Preprocessing preprocessing = ParsePreprocessing(input.dump(), "input");
  EXPECT_EQ(preprocessing.Height(), 100);
  EXPECT_EQ(preprocessing.Width(), 200);
}

TEST(Sidecar, WrongMembersAreNamed) {
  const auto rejects = [](const char* pointer, const Json& value, const std::string& part) {
    Json input = UsualInput();
    input[Json::json_pointer(pointer)] = value;
    EXPECT_THAT([&] { ParsePreprocessing(input.dump(), "net.json"); },
                ThrowsMessage<Error>(AllOf(HasSubstr("net.json"), HasSubstr(part))))
        << pointer;
  };
  rejects("/kind", "latent", "of kind 'latent', not 'image'");
  rejects("/channels", "HSV", "'channels': channels 'HSV': expected RGB, BGR, GREY, RGBA or BGRA");
  rejects("/layout", "CHW", "'layout': layout 'CHW': expected NCHW or NHWC");
  rejects("/resize/filter", "bicubic", "'filter' is 'bicubic'; only 'bilinear'");
  rejects("/resize/antialias", false, "'antialias'");
  rejects("/resize/size", {10, 10}, "either 'shorter_side' or 'size'");
  rejects("/resize/shorter_side", "256", "'shorter_side'");
  rejects("/resize/shorter_side", 256.5, "'shorter_side' must be a whole number");
  rejects("/resize/shorter_side", 1e300, "'shorter_side' must be a whole number");
  rejects("/resize", nullptr, "either 'shorter_side' or 'size'");
  rejects("/crop", {224}, "'crop' must be [height, width]");
  rejects("/crop", {224, 500}, "larger than the resized picture");
  rejects("/crop", nullptr, "needs a crop");
  rejects("/mean", {1, 2}, "the means must be one number or 3 for RGB input, not 2");
  rejects("/channels", "RGBA", "the means must be one number or 4 for RGBA input, not 3");
  rejects("/channels", "GREY", "the means must be one number for GREY input, not 3");
  rejects("/std", {1, 0, 1}, "stds");
  rejects("/std", {1, "x", 1}, "'std'");
  rejects("/scale", "1/255", "'scale'");
}

TEST(Sidecar, MissingMembersAreNamed) {
  for (const char* member : {"resize", "scale", "mean", "std"}) {
    Json input = UsualInput();
    input.erase(member);
    EXPECT_THAT([&] { ParsePreprocessing(input.dump(), "net.json"); },
                ThrowsMessage<Error>(HasSubstr("'" + std::string(member) + "' is missing")));
  }
  EXPECT_THAT([] { ParsePreprocessing("[]", "net.json"); },
              ThrowsMessage<Error>(HasSubstr("net.json")));
  const TemporaryFolder folder;
  std::ofstream(folder / "net.json") << "{}";
  EXPECT_THAT([&] { ReadPreprocessing(folder / "net.json"); },
              ThrowsMessage<Error>(HasSubstr("net.json: member 'input' is missing")));
}

TEST(Sidecar, TextKeepsEveryFloat) {
  EXPECT_THAT(ToJsonText(Preprocessing{}), HasSubstr("[0.485,0.456,0.406]"));
  Random random(1);
  const auto number = [&] { return static_cast<float>(random.Uniform() * 300 + 1e-6); };
  for (int round = 0; round < 500; ++round) {
    Preprocessing preprocessing;
    if (random.Below(2) == 0) {
      preprocessing.shorter_side = 0;
      preprocessing.size = {30, 40};
      preprocessing.crop = {0, 0};
    }
    preprocessing.scale = number();
    preprocessing.mean = {number(), number(), -number()};
    preprocessing.std = {number(), number(), number()};
    EXPECT_EQ(ParsePreprocessing(ToJsonText(preprocessing), "text"), preprocessing);
  }
}

TEST(Sidecar, IsFoundBesideTheNetwork) {
  const TemporaryFolder folder;
  EXPECT_EQ(FindSidecar(folder / "a.b.onnx"), std::nullopt);
  std::ofstream(folder / "a.b.json") << "{}";
  EXPECT_EQ(FindSidecar(folder / "a.b.onnx"), folder / "a.b.json");
  EXPECT_EQ(FindSidecar(folder / "a.b.json"), std::nullopt);
}

TEST(Sidecar, HostileOnesGetAnErrorThatNamesThePlace) {
  const TemporaryFolder folder;
  const auto rejects = [&](const std::string& text, const std::string& part) {
    std::ofstream(folder / "net.json") << text;
    EXPECT_THAT([&] { ReadPreprocessing(folder / "net.json"); },
                ThrowsMessage<Error>(AllOf(HasSubstr("net.json"), HasSubstr(part))));
  };
  rejects("{\"input\": " + std::string(10'000'000, '['), "64 deep at line 1, column 74");
  Json input = UsualInput();
  input["channels"] = "\x1b[2J" + std::string(1'000'000, 'x');
  rejects(Json{{"input", input}}.dump(), "member 'channels': channels '?[2Jxxx");
  input = UsualInput();
  input["crop"] = {1'000'000'000, 1'000'000'000};
  rejects(Json{{"input", input}}.dump(), "16384");
  std::filesystem::resize_file(folder / "net.json", (uintmax_t{16} << 20) + 1);
  EXPECT_THAT([&] { ReadPreprocessing(folder / "net.json"); },
              ThrowsMessage<Error>(HasSubstr("a sidecar has 16 MiB at most")));
}

TEST(Sidecar, ReadsThoseOfRealNetworks) {
  MILAN_NEEDS_SHARED_DATA();
  size_t images = 0;
  for (const auto& entry : std::filesystem::directory_iterator(SharedData("networks"))) {
    if (entry.path().extension() != ".json") continue;
    if (ReadJson(entry.path())["input"]["kind"] != "image") {
      EXPECT_THROW(ReadPreprocessing(entry.path()), Error);
      continue;
    }
    EXPECT_GT(ReadPreprocessing(entry.path()).Height(), 0) << entry.path();
    ++images;
  }
  EXPECT_GT(images, 3U);
}

}  // namespace
}  // namespace milan
