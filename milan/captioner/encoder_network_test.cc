#include "milan/captioner/encoder_network.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/captioner/torch_tensors.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"

namespace milan {
namespace {

/// A network whose batch norms have seen data, so that folding them is not the identity.
EncoderNetwork UsedNetwork() {
  torch::manual_seed(7);
  EncoderNetwork network{EncoderSizes{}};
  const torch::NoGradGuard no_gradient;
  for (int step = 0; step < 8; ++step) network->forward(torch::randn({4, 3, 64, 64}) * 2 + 0.5);
  for (auto& item : network->named_parameters()) {
    if (item.key().find("norm") != std::string::npos)
      item.value().add_(torch::rand_like(item.value()));
  }
  network->eval();
  return network;
}

TEST(EncoderNetwork, ExportsWhatItComputes) {
  EncoderNetwork network = UsedNetwork();
  const torch::NoGradGuard no_gradient;
  const torch::Tensor input = torch::randn({1, 3, 64, 96});
  const std::vector<torch::Tensor> expected = network->forward(input);

  const auto names = LevelNames(expected.size());
  const auto engine = CreateEngine(ExportEncoder(network, 64, 96).Tap(names));
  const Array values = ToArray(input);
  const ArrayView view = values.View();
  engine->Run({&view, 1}, [&](std::span<const ArrayView> levels) {
    ASSERT_EQ(levels.size(), expected.size());
    for (size_t i = 0; i < levels.size(); ++i) {
      ASSERT_EQ(levels[i].shape, expected[i].sizes().vec());
      const torch::Tensor difference = (ToTensor(levels[i]) - expected[i]).abs();
      // Weights are stored in half precision.
      EXPECT_LT(difference.max().item<float>(), 1e-2F * expected[i].abs().max().item<float>())
          << names[i];
    }
  });
}

TEST(EncoderNetwork, LevelsAreTheLayersDescribedByDefault) {
  const auto layers = ListLayers(ExportEncoder(UsedNetwork(), 64, 64), 64, 64);
  std::vector<std::string> names;
  for (const Layer& layer : DefaultLayers(layers)) names.push_back(layer.name);
  EXPECT_EQ(names, LevelNames(4));
}

TEST(EncoderNetwork, IsSmall) {
  EXPECT_LT(ExportEncoder(UsedNetwork(), 224, 224).Serialize().size(), size_t{5} << 20);
}

}  // namespace
}  // namespace milan
