// The networks of the development data compute what ONNX Runtime computed when they were stored,
// with all their golden values tapped at once and all graph optimisations on.

#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/json.h"
#include "milan/base/safetensors.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"
#include "milan/network/test_networks.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::ElementsAre;

/// The golden file's photo as the sidecar prepares it, or its ready-made input.
Array GoldenInput(const SafetensorsFile& golden, const Path& sidecar) {
  if (golden.Contains("input")) {
    return {golden.At("input").shape, golden.At("input").AsFloats()};
  }
  const Json json = ReadJson(sidecar);
  const Json& input = json.at("input");
  const auto scale = input.at("scale").get<double>();
  const auto mean = input.at("mean").get<std::vector<double>>();
  const auto deviation = input.at("std").get<std::vector<double>>();
  const TensorView& pixels = golden.At("pixels");
  const auto bytes = pixels.As<uint8_t>();
  const size_t area = bytes.size() / 3;
  Array array{{1, 3, pixels.shape[0], pixels.shape[1]}, std::vector<float>(bytes.size())};
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t channel = i % 3;
    array.values[channel * area + i / 3] =
        static_cast<float>((bytes[i] * scale - mean[channel]) / deviation[channel]);
  }
  return array;
}

/// Largest difference, as a part of the largest golden value.
double RelativeDifference(const std::vector<float>& actual, const std::vector<float>& golden) {
  double difference = 0;
  double largest = 0;
  for (size_t i = 0; i < golden.size(); ++i) {
    if (!std::isfinite(actual[i])) return std::numeric_limits<double>::infinity();
    difference = std::max(difference, std::abs(static_cast<double>(actual[i]) - golden[i]));
    largest = std::max(largest, std::abs(static_cast<double>(golden[i])));
  }
  return difference / largest;
}

Path NetworkPath(const std::string& name) { return SharedData("networks/" + name + ".onnx"); }

std::vector<std::string> NamesOf(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, EveryStoredValueIsReproduced) {
  MILAN_NEEDS_SHARED_DATA();
  const Path path = NetworkPath(GetParam());
  const Network network = Network::Load(path);
  const SafetensorsFile golden(Path(path).replace_extension(".golden.safetensors"));
  std::vector<std::string> values = {network.Outputs().at(0).name};
  std::vector<std::string> keys = {"output"};
  for (const auto& [key, tensor] : golden.tensors()) {
    if (!key.starts_with("value:") || key.substr(6) == values[0]) continue;
    keys.push_back(key);
    values.push_back(key.substr(6));
  }
  ASSERT_GE(values.size(), 3U);
  const auto engine = CreateEngine(network.Tap(values));
  const auto outputs = RunOnce(*engine, GoldenInput(golden, Path(path).replace_extension(".json")));
  ASSERT_EQ(outputs.size(), keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    const TensorView& expected = golden.At(keys[i]);
    ASSERT_EQ(outputs[i].shape, expected.shape) << keys[i];
    EXPECT_LT(RelativeDifference(outputs[i].values, expected.AsFloats()), 1e-4) << keys[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Networks, Golden,
                         ::testing::Values("dcgan_faces32", "mobilenet_v2", "mobilevit_xxs_flowers",
                                           "resnet18_to_layer3", "resnet20_cifar10",
                                           "squeezenet1_1", "squeezenet_places365", "vit_cifar10"),
                         [](const auto& instance) { return instance.param; });

TEST(GoldenLayers, LayersThatWereAnnotatedAreListedAsDescribable) {
  MILAN_NEEDS_SHARED_DATA();
  for (const std::string name : {"mobilenet_v2", "resnet18_to_layer3", "squeezenet1_1"}) {
    const Json sidecar = ReadJson(NetworkPath(name).replace_extension(".json"));
    const auto crop = sidecar.at("input").at("crop").get<std::vector<int>>();
    const auto layers = ListLayers(Network::Load(NetworkPath(name)), crop[0], crop[1]);
    const auto annotated = sidecar.at("annotated_layers").get<std::vector<std::string>>();
    for (const Layer& layer : SelectLayers(layers, annotated)) {
      EXPECT_EQ(layer.layout, Layout::kMap) << layer.name;
    }
  }
}

TEST(GoldenLayers, AttentionAndTokensAreNotMaps) {
  MILAN_NEEDS_SHARED_DATA();
  const auto layers = ListLayers(Network::Load(NetworkPath("vit_cifar10")), 32, 32);
  const auto layer = [&](const std::string& name) {
    return *std::find_if(layers.begin(), layers.end(),
                         [&](const Layer& candidate) { return candidate.name == name; });
  };
  EXPECT_EQ(layer("layer0/attention").shape, (Shape{1, 8, 65, 65}));
  EXPECT_EQ(layer("layer0/attention").layout, Layout::kOther);
  EXPECT_EQ(layer("layer5/mlp_relu").layout, Layout::kOther);
  EXPECT_EQ(layer("patch_embed.proj").layout, Layout::kMap);
  EXPECT_EQ(layer("logits").layout, Layout::kVector);
}

TEST(GoldenLayers, DefaultsAreTheLastLayerOfEachResolution) {
  MILAN_NEEDS_SHARED_DATA();
  const auto defaults = [](const std::string& name, int size) {
    return NamesOf(DefaultLayers(ListLayers(Network::Load(NetworkPath(name)), size, size)));
  };
  EXPECT_THAT(defaults("resnet18_to_layer3", 224),
              ElementsAre("conv1.relu", "layer1.1", "layer2.1", "layer3"));
  EXPECT_THAT(defaults("resnet20_cifar10", 32), ElementsAre("layer1.2", "layer2.2", "layer3.2"));
  EXPECT_THAT(defaults("squeezenet1_1", 227),
              ElementsAre("relu_conv1", "fire3/concat", "fire5/concat", "fire9/concat"));
  EXPECT_THAT(defaults("vit_cifar10", 32), ElementsAre("patch_embed.proj"));
}

TEST(GoldenLayers, AGeneratorIsNoImageNetwork) {
  MILAN_NEEDS_SHARED_DATA();
  EXPECT_THROW(ListLayers(Network::Load(NetworkPath("dcgan_faces32")), 32, 32), Error);
}

}  // namespace
}  // namespace milan
