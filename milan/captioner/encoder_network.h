#pragma once

// Private to this module (libtorch).

#include <cstdint>
#include <string>
#include <vector>

#include <torch/torch.h>

#include "milan/network/network.h"

namespace milan {

/// Convolution without bias, batch norm.
struct ConvNormImpl : torch::nn::Module {
  ConvNormImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride);
  torch::Tensor forward(const torch::Tensor& x);

  torch::nn::Conv2d conv{nullptr};
  torch::nn::BatchNorm2d norm{nullptr};
};
TORCH_MODULE(ConvNorm);

/// One level of the compact encoder: a convolution of stride 2, then residual 3x3 blocks.
struct EncoderStageImpl : torch::nn::Module {
  EncoderStageImpl(int64_t in, int64_t out, int64_t kernel, int64_t blocks);
  torch::Tensor forward(torch::Tensor x);

  ConvNorm down{nullptr};
  std::vector<ConvNorm> blocks;
};
TORCH_MODULE(EncoderStage);

/// Sizes of the compact encoder: level i has channels[i] units at stride 2^(i+1), blocks[i]
/// residual convolutions, about 0.56 GMAC at 224 x 224 in all.
struct EncoderSizes {
  std::vector<int64_t> channels = {32, 48, 96, 192};
  std::vector<int64_t> blocks = {0, 1, 2, 3};
};

/// The compact convolutional network that distillation trains. forward returns all levels.
struct EncoderNetworkImpl : torch::nn::Module {
  explicit EncoderNetworkImpl(const EncoderSizes& sizes);
  std::vector<torch::Tensor> forward(torch::Tensor x);

  std::vector<EncoderStage> stages;
};
TORCH_MODULE(EncoderNetwork);

/// Names of the levels in the exported network: "conv1", "layer1", "layer2", ...
std::vector<std::string> LevelNames(size_t count);

/// The network as ONNX with inputs of 3 x height x width: batch norm folded into the convolutions,
/// weights in half precision. Its output is the average of the deepest level over positions.
Network ExportEncoder(const EncoderNetwork& network, int64_t height, int64_t width);

}  // namespace milan
