#pragma once

#include <cstdint>
#include <vector>

#include <torch/torch.h>

#include "milan/network/network.h"

namespace milan {

struct ClassifierSizes {
  std::vector<int64_t> widths = {32, 64, 128, 256};  ///< Channels of layer1, layer2, ...
  int64_t blocks = 1;                                ///< Residual blocks per layer.
  int64_t classes = 10;
  /// Part of each layer's units that is zeroed in training, so that the network learns to do
  /// without any few of them.
  double unit_dropout = 0;
};

/// Convolution without bias, batch norm.
struct NormedConvImpl : torch::nn::Module {
  NormedConvImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride);
  torch::Tensor forward(const torch::Tensor& x);

  torch::nn::Conv2d conv{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
};
TORCH_MODULE(NormedConv);

/// relu(shortcut(x) + conv2(relu(conv1(x)))); the shortcut is x itself where shapes allow.
struct ResidualBlockImpl : torch::nn::Module {
  ResidualBlockImpl(int64_t in, int64_t out, int64_t stride);
  torch::Tensor forward(const torch::Tensor& x);

  NormedConv conv1{nullptr};
  NormedConv conv2{nullptr};
  NormedConv shortcut{nullptr};  ///< Empty: none.
};
TORCH_MODULE(ResidualBlock);

/// A small ResNet: conv1 (5 x 5, stride 2), then layers of residual blocks, each at half the size
/// of the one before, the mean over positions, and a linear layer to the classes.
struct ClassifierNetworkImpl : torch::nn::Module {
  explicit ClassifierNetworkImpl(const ClassifierSizes& sizes);
  torch::Tensor forward(torch::Tensor x);

  NormedConv conv1{nullptr};
  std::vector<std::vector<ResidualBlock>> layers;
  torch::nn::Dropout2d drop{nullptr};  ///< After each layer.
  torch::nn::Linear fc{nullptr};
};
TORCH_MODULE(ClassifierNetwork);

/// The network as ONNX, batch norms folded into the convolutions: values conv1, layer1, layer2, ...
/// (after their ReLU), output `logits`. Inputs [N, 3, side, side].
Network ExportClassifier(const ClassifierNetwork& network, int64_t side);

}  // namespace milan
