#include "milan/captioner/resnet_encoder.h"

#include <cmath>

#include "milan/base/error.h"
#include "milan/network/model_builder.h"

namespace milan {
namespace {

constexpr int kGroups = 4;
/// Of torch.nn.BatchNorm2d; it is not in the file.
constexpr float kEpsilon = 1e-5F;

/// x -> scale * x + shift per channel.
struct Affine {
  std::vector<double> scale;
  std::vector<double> shift;
};

/// Adds the network's nodes under the names that the modules have in torch.
class ResNetReader {
 public:
  ResNetReader(const StateDict& state, std::string prefix, int64_t side)
      : state_(state), prefix_(std::move(prefix)), builder_("input", {-1, 3, side, side}) {}

  Network Read() {
    const int64_t channels = state_.ShapeOf(prefix_ + "conv1.weight", 4)[0];
    constexpr ConvolutionOptions kStem = {.stride = 2, .padding = 3};
    std::string x = builder_.Conv("conv1", builder_.input(), Weight("conv1"), {}, kStem);
    x = builder_.Relu("relu", BatchNorm("bn1", x, channels));
    x = builder_.MaxPool("maxpool", x, {.kernel = 3, .stride = 2, .padding = 1});
    for (int group = 1; group <= kGroups; ++group) x = Group(group, x);
    builder_.Output(builder_.GlobalAveragePool("average", x));
    return builder_.Build("encoder");
  }

 private:
  Array Weight(const std::string& name) {
    state_.ShapeOf(prefix_ + name + ".weight", 4);
    return state_.Read(prefix_ + name + ".weight");
  }
  Array Vector(const std::string& name, int64_t channels) {
    return state_.Read(prefix_ + name, {channels});
  }

  Affine ReadNorm(const std::string& name, int64_t channels) {
    const Array weight = Vector(name + ".weight", channels);
    const Array bias = Vector(name + ".bias", channels);
    const Array mean = Vector(name + ".running_mean", channels);
    const Array variance = Vector(name + ".running_var", channels);
    Affine affine;
    for (size_t i = 0; i < weight.values.size(); ++i) {
      const double spread = static_cast<double>(variance.values[i]) + kEpsilon;
      affine.scale.push_back(weight.values[i] / std::sqrt(spread));
      affine.shift.push_back(bias.values[i] - mean.values[i] * affine.scale.back());
    }
    return affine;
  }

  /// A batch norm of its own: for a level that lies before it.
  std::string BatchNorm(const std::string& name, const std::string& x, int64_t channels) {
    std::vector<std::string> inputs = {x};
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"}) {
      inputs.push_back(builder_.Weight(name + part, Vector(name + part, channels)));
    }
    return builder_.Apply("BatchNormalization", name, inputs, {{"epsilon", kEpsilon}});
  }

  /// A convolution without bias and the batch norm after it, as one node.
  std::string FoldedConv(const std::string& name, const std::string& norm, const std::string& x,
                         int64_t stride) {
    Array weight = Weight(name);
    const int64_t channels = weight.shape[0];
    const Affine affine = ReadNorm(norm, channels);
    const size_t per_channel = weight.values.size() / static_cast<size_t>(channels);
    for (size_t i = 0; i < weight.values.size(); ++i) {
      weight.values[i] = static_cast<float>(weight.values[i] * affine.scale[i / per_channel]);
    }
    Array bias{{channels}, {affine.shift.begin(), affine.shift.end()}};
    return builder_.Conv(name, x, weight, bias, {.stride = stride, .padding = weight.shape[2] / 2});
  }

  std::string Group(int number, std::string x) {
    const std::string group = "layer" + std::to_string(number);
    const auto name = [&](int block) { return group + "." + std::to_string(block); };
    const auto is_there = [&](int block) {
      return state_.Has(prefix_ + name(block) + ".conv1.weight");
    };
    if (!is_there(0)) {
      throw InputError(state_.path().string() + ": has no tensor '" + prefix_ + name(0) +
                       ".conv1.weight': only encoders that are ResNets are read");
    }
    for (int block = 0; is_there(block); ++block) {
      const std::string output = is_there(block + 1) ? name(block) : group;
      x = Block(name(block), output, x, number > 1 && block == 0 ? 2 : 1);
    }
    return x;
  }

  /// Two 3 x 3 convolutions, or a bottleneck, whose stride torchvision has in its 3 x 3.
  std::string Block(const std::string& name, const std::string& output, const std::string& x,
                    int64_t stride) {
    const bool is_bottleneck = state_.Has(prefix_ + name + ".conv3.weight");
    std::string y = FoldedConv(name + ".conv1", name + ".bn1", x, is_bottleneck ? 1 : stride);
    y = builder_.Relu(name + ".relu1", y);
    y = FoldedConv(name + ".conv2", name + ".bn2", y, is_bottleneck ? stride : 1);
    if (is_bottleneck) {
      y = builder_.Relu(name + ".relu2", y);
      y = FoldedConv(name + ".conv3", name + ".bn3", y, 1);
    }
    std::string shortcut = x;
    if (state_.Has(prefix_ + name + ".downsample.0.weight")) {
      shortcut = FoldedConv(name + ".downsample.0", name + ".downsample.1", x, stride);
    }
    return builder_.Relu(output, builder_.Add(name + ".add", y, shortcut));
  }

  const StateDict& state_;
  std::string prefix_;
  ModelBuilder builder_;
};

}  // namespace

std::vector<std::string> ResNetLevels() {
  return {"conv1", "layer1", "layer2", "layer3", "layer4"};
}

Network ReadResNet(const StateDict& state, const std::string& prefix, int64_t side) {
  return ResNetReader(state, prefix, side).Read();
}

}  // namespace milan
