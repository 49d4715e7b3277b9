#pragma once

// Networks that this module's tests build, and what they ask of them.

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/random.h"
#include "milan/network/engine.h"
#include "milan/network/model_builder.h"

namespace milan {

/// Uniform numbers in [-1, 1), the same for the same seed.
inline Array RandomArray(const Shape& shape, uint64_t seed) {
  Random random(seed);
  Array array{shape, std::vector<float>(static_cast<size_t>(ElementCount(shape)))};
  for (float& value : array.values) value = static_cast<float>(2 * random.Uniform() - 1);
  return array;
}

/// Two convolutions, a residual sum, a pooling and a classifier of five classes:
/// conv1 [8, 16, 16], conv1.relu, conv2, sum, block, pool [8, 8, 8], average, flat, logits.
inline ModelBuilder SmallNetwork(const Shape& input = {-1, 3, 16, 16}) {
  ModelBuilder b("input", input);
  std::string x = b.Conv("conv1", b.input(), RandomArray({8, 3, 3, 3}, 1), RandomArray({8}, 2),
                         {.stride = 1, .padding = 1});
  x = b.Relu("conv1.relu", x);
  const std::string skip = x;
  x = b.Conv("conv2", x, RandomArray({8, 8, 3, 3}, 3), RandomArray({8}, 4),
             {.stride = 1, .padding = 1});
  x = b.Add("sum", x, skip);
  x = b.Relu("block", x);
  x = b.MaxPool("pool", x);
  x = b.GlobalAveragePool("average", x);
  x = b.Flatten("flat", x);
  x = b.Gemm("logits", x, RandomArray({5, 8}, 5), RandomArray({5}, 6));
  b.Output(x);
  return b;
}

/// One run with one input; the outputs copied.
inline std::vector<Array> RunOnce(Engine& engine, const Array& input) {
  std::vector<Array> outputs;
  const ArrayView view = input.View();
  engine.Run({&view, 1}, [&](std::span<const ArrayView> views) {
    for (const ArrayView& output : views) {
      outputs.push_back({output.shape, {output.values.begin(), output.values.end()}});
    }
  });
  return outputs;
}

inline std::vector<std::string> NamesOf(const std::vector<ComputedValue>& values) {
  std::vector<std::string> names;
  names.reserve(values.size());
  for (const ComputedValue& value : values) names.push_back(value.name);
  return names;
}

}  // namespace milan
