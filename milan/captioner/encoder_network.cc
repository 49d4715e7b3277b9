#include "milan/captioner/encoder_network.h"

#include "milan/captioner/torch_tensors.h"
#include "milan/network/model_builder.h"

namespace milan {
namespace {

struct FoldedConvolution {
  Array weight;
  Array bias;
};

/// norm(conv(x)) = conv'(x) + bias' with the running statistics as constants.
FoldedConvolution Fold(const ConvNormImpl& layer) {
  const torch::NoGradGuard no_gradient;
  const torch::Tensor scale =
      layer.norm->weight / torch::sqrt(layer.norm->running_var + layer.norm->options.eps());
  const torch::Tensor weight = layer.conv->weight * scale.view({-1, 1, 1, 1});
  const torch::Tensor bias = layer.norm->bias - layer.norm->running_mean * scale;
  return {ToArray(weight), ToArray(bias)};
}

std::string AddConvolution(ModelBuilder& builder, const std::string& name, const std::string& input,
                           const ConvNormImpl& layer) {
  const FoldedConvolution folded = Fold(layer);
  const auto& options = layer.conv->options;
  return builder.Conv(
      name, input, folded.weight, folded.bias,
      {.stride = options.stride()->at(0), .padding = options.kernel_size()->at(0) / 2});
}

}  // namespace

ConvNormImpl::ConvNormImpl(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  conv = register_module("conv", torch::nn::Conv2d(torch::nn::Conv2dOptions(in, out, kernel)
                                                       .stride(stride)
                                                       .padding(kernel / 2)
                                                       .bias(false)));
  norm = register_module("norm", torch::nn::BatchNorm2d(out));
}

torch::Tensor ConvNormImpl::forward(const torch::Tensor& x) { return norm(conv(x)); }

EncoderStageImpl::EncoderStageImpl(int64_t in, int64_t out, int64_t kernel, int64_t block_count) {
  down = register_module("down", ConvNorm(in, out, kernel, 2));
  for (int64_t i = 0; i < block_count; ++i) {
    blocks.push_back(register_module("block" + std::to_string(i), ConvNorm(out, out, 3, 1)));
  }
}

torch::Tensor EncoderStageImpl::forward(torch::Tensor x) {
  x = torch::relu(down(x));
  for (auto& block : blocks) x = torch::relu(x + block(x));
  return x;
}

EncoderNetworkImpl::EncoderNetworkImpl(const EncoderSizes& sizes) {
  int64_t in = 3;
  for (size_t i = 0; i < sizes.channels.size(); ++i) {
    const int64_t kernel = i == 0 ? 7 : 3;  // wide first filters: edges and colours at once
    stages.push_back(register_module("stage" + std::to_string(i),
                                     EncoderStage(in, sizes.channels[i], kernel, sizes.blocks[i])));
    in = sizes.channels[i];
  }
}

std::vector<torch::Tensor> EncoderNetworkImpl::forward(torch::Tensor x) {
  std::vector<torch::Tensor> levels;
  for (auto& stage : stages) levels.push_back(x = stage(x));
  return levels;
}

std::vector<std::string> LevelNames(size_t count) {
  std::vector<std::string> names = {"conv1"};
  for (size_t i = 1; i < count; ++i) names.push_back("layer" + std::to_string(i));
  return names;
}

Network ExportEncoder(const EncoderNetwork& network, int64_t height, int64_t width) {
  ModelBuilder builder("input", {-1, 3, height, width});
  const std::vector<std::string> names = LevelNames(network->stages.size());
  std::string x = builder.input();
  for (size_t i = 0; i < network->stages.size(); ++i) {
    const EncoderStage& stage = network->stages[i];
    const size_t blocks = stage->blocks.size();
    const std::string down = AddConvolution(builder, names[i] + ".down", x, *stage->down);
    x = builder.Relu(blocks == 0 ? names[i] : names[i] + ".down.relu", down);
    for (size_t j = 0; j < blocks; ++j) {
      const std::string name = names[i] + ".block" + std::to_string(j);
      const std::string convolved = AddConvolution(builder, name, x, *stage->blocks[j]);
      const std::string sum = builder.Add(name + ".add", x, convolved);
      x = builder.Relu(j + 1 == blocks ? names[i] : name + ".relu", sum);
    }
  }
  builder.Output(builder.GlobalAveragePool("average", x));
  return builder.Build("encoder", WeightStorage::kHalf);
}

}  // namespace milan
