#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/network.h"

namespace milan {

/// How a built network stores its weights. Half: float16 with a Cast to float32 in front, half the
/// file, float32 arithmetic.
enum class WeightStorage { kFloat, kHalf };

struct ConvolutionOptions {
  int64_t stride = 1;
  int64_t padding = 0;  ///< On every side.
  int64_t groups = 1;
};

struct PoolingOptions {
  int64_t kernel = 2;
  int64_t stride = 2;
  int64_t padding = 0;
};

/// Writes float32 ONNX networks (operator set 13, IR version 8). Every method adds one node and
/// returns the name of its value, which is the name the caller gave: it becomes the layer's name.
///
///     ModelBuilder b("input", {-1, 3, 224, 224});
///     std::string x = b.Conv("conv1", b.input(), weights, bias, {.stride = 2, .padding = 3});
///     x = b.Relu("conv1.relu", x);
///     b.Output(x);
///     Network network = b.Build("tiny", WeightStorage::kHalf);
///
/// Weights are named after their layer: conv1.weight, conv1.bias. Whether shapes fit is checked by
/// ONNX Runtime when it runs the network.
class ModelBuilder {
 public:
  using Attribute = std::variant<int64_t, float, std::string, std::vector<int64_t>>;
  using Attributes = std::map<std::string, Attribute>;

  /// Sizes of -1 are left open.
  ModelBuilder(std::string input, Shape shape);

  const std::string& input() const { return input_; }

  /// `weight` [out, in / groups, h, w]; `bias` [out], or without elements for none.
  std::string Conv(const std::string& name, const std::string& input, const Array& weight,
                   const Array& bias, const ConvolutionOptions& options = {});
  std::string Relu(const std::string& name, const std::string& input);
  std::string Add(const std::string& name, const std::string& a, const std::string& b);
  /// Along the channels.
  std::string Concat(const std::string& name, const std::vector<std::string>& inputs);
  std::string MaxPool(const std::string& name, const std::string& input,
                      const PoolingOptions& options = {});
  std::string AveragePool(const std::string& name, const std::string& input,
                          const PoolingOptions& options = {});
  std::string GlobalAveragePool(const std::string& name, const std::string& input);
  std::string Flatten(const std::string& name, const std::string& input);
  /// `weight` [out, in], `bias` [out].
  std::string Gemm(const std::string& name, const std::string& input, const Array& weight,
                   const Array& bias);
  /// Any operator with one output.
  std::string Apply(const std::string& op_type, const std::string& name,
                    const std::vector<std::string>& inputs, const Attributes& attributes = {});
  /// A named weight for Apply.
  std::string Weight(const std::string& name, const Array& values);

  /// Makes a value an output of the network.
  void Output(const std::string& name);

  /// The network so far. Throws kInput as Network does, for example without any Output.
  Network Build(const std::string& name, WeightStorage storage = WeightStorage::kFloat) const;

 private:
  struct Node {
    std::string op_type;
    std::string name;
    std::vector<std::string> inputs;
    Attributes attributes;
  };

  std::string input_;
  Shape input_shape_;
  std::vector<std::pair<std::string, Array>> weights_;
  std::vector<Node> nodes_;
  std::vector<std::string> outputs_;
};

}  // namespace milan
