#include "classifier_network.h"

#include <string>

#include "milan/network/model_builder.h"

namespace milan {
namespace {

using torch::nn::Conv2dOptions;

Array ToArray(const torch::Tensor& tensor) {
  const torch::Tensor values = tensor.detach().to(torch::kFloat).contiguous();
  const auto* first = values.data_ptr<float>();
  return {values.sizes().vec(), {first, first + values.numel()}};
}

/// norm(conv(x)) as one convolution, with the running statistics as constants.
std::string AddConv(ModelBuilder& builder, const std::string& name, const std::string& input,
                    const NormedConvImpl& layer) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor scale =
      layer.norm->weight / torch::sqrt(layer.norm->running_var + layer.norm->options.eps());
  const torch::Tensor weight = layer.conv->weight * scale.view({-1, 1, 1, 1});
  const torch::Tensor bias = layer.norm->bias - layer.norm->running_mean * scale;
  const auto& options = layer.conv->options;
  return builder.Conv(
      name, input, ToArray(weight), ToArray(bias),
      {.stride = options.stride()->at(0), .padding = options.kernel_size()->at(0) / 2});
}

std::string AddBlock(ModelBuilder& builder, const std::string& name, const std::string& output,
                     const std::string& x, const ResidualBlockImpl& block) {
  std::string y = AddConv(builder, name + ".conv1", x, *block.conv1);
  y = builder.Relu(name + ".relu", y);
  y = AddConv(builder, name + ".conv2", y, *block.conv2);
  std::string shortcut = x;
  if (!block.shortcut.is_empty()) {
    shortcut = AddConv(builder, name + ".shortcut", x, *block.shortcut);
  }
  return builder.Relu(output, builder.Add(name + ".add", shortcut, y));
}

std::string LayerName(size_t index) { return "layer" + std::to_string(index + 1); }

}  // namespace

NormedConvImpl::NormedConvImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  const auto options =
      Conv2dOptions(in, out, kernel).stride(stride).padding(kernel / 2).bias(false);
  conv = register_module("conv", torch::nn::Conv2d(options));
  norm = register_module("norm", torch::nn::BatchNorm2d(out));
  torch::nn::init::kaiming_normal_(conv->weight, 0.0, torch::kFanOut, torch::kReLU);
}

torch::Tensor NormedConvImpl::forward(const torch::Tensor& x) { return norm(conv(x)); }

ResidualBlockImpl::ResidualBlockImpl(int64_t in, int64_t out, int64_t stride) {
  conv1 = register_module("conv1", NormedConv(in, out, 3, stride));
  conv2 = register_module("conv2", NormedConv(out, out, 3, 1));
  if (in != out || stride != 1) {
    shortcut = register_module("shortcut", NormedConv(in, out, 1, stride));
  }
}

torch::Tensor ResidualBlockImpl::forward(const torch::Tensor& x) {
  const torch::Tensor y = conv2(torch::relu(conv1(x)));
  return torch::relu((shortcut.is_empty() ? x : shortcut(x)) + y);
}

ClassifierNetworkImpl::ClassifierNetworkImpl(const ClassifierSizes& sizes) {
  int64_t in = sizes.widths.front();
  conv1 = register_module("conv1", NormedConv(3, in, 5, 2));
  for (size_t i = 0; i < sizes.widths.size(); ++i) {
    layers.emplace_back();
    for (int64_t j = 0; j < sizes.blocks; ++j) {
      const std::string name = LayerName(i) + "_" + std::to_string(j);
      const ResidualBlock block(in, sizes.widths[i], j == 0 ? 2 : 1);
      layers.back().push_back(register_module(name, block));
      in = sizes.widths[i];
    }
  }
  drop = register_module("drop", torch::nn::Dropout2d(sizes.unit_dropout));
  fc = register_module("fc", torch::nn::Linear(in, sizes.classes));
}

torch::Tensor ClassifierNetworkImpl::forward(torch::Tensor x) {
  x = torch::relu(conv1(x));
  for (auto& blocks : layers) {
    for (auto& block : blocks) x = block(x);
    x = drop(x);
  }
  return fc(x.mean({2, 3}));
}

Network ExportClassifier(const ClassifierNetwork& network, int64_t side) {
  ModelBuilder builder("input", {-1, 3, side, side});
  std::string x = AddConv(builder, "conv1.conv", builder.input(), *network->conv1);
  x = builder.Relu("conv1", x);
  for (size_t i = 0; i < network->layers.size(); ++i) {
    const auto& blocks = network->layers[i];
    for (size_t j = 0; j < blocks.size(); ++j) {
      const std::string name = LayerName(i) + "." + std::to_string(j);
      x = AddBlock(builder, name, j + 1 == blocks.size() ? LayerName(i) : name, x, *blocks[j]);
    }
  }
  x = builder.Flatten("flat", builder.GlobalAveragePool("average", x));
  builder.Output(
      builder.Gemm("logits", x, ToArray(network->fc->weight), ToArray(network->fc->bias)));
  return builder.Build("classifier");
}

}  // namespace milan
