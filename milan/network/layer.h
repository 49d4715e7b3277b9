#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/engine.h"
#include "milan/network/network.h"

namespace milan {

/// How a layer's values are arranged.
enum class Layout {
  kMap,     ///< [1, units, height, width]
  kVector,  ///< [1, units]: maps of 1 x 1
  kOther    ///< Has no units that milan can describe (tokens, scalars, index tensors).
};

/// A named value of the network whose channels are units.
struct Layer {
  std::string name;
  std::string op_type;
  Layout layout = Layout::kOther;
  Shape shape;        ///< For one photo, as the network computes it.
  int64_t units = 0;  ///< 0 when layout is kOther.
  int64_t height = 0;
  int64_t width = 0;

  bool IsDescribable() const { return layout != Layout::kOther; }
};

std::string ToString(Layout layout);  ///< "map", "vector", "other"

/// Every computed floating-point value with its shape for one photo of height x width, in
/// topological order. Shapes come from running the network once on zeros, so they are right for any
/// operator. Throws kInput when the network does not take one image input [N, 3, height, width] or
/// fails to run.
std::vector<Layer> ListLayers(const Network& network, int height, int width,
                              const EngineOptions& options = {});

/// The layers whose names match any of the patterns (names, or globs with * ? [..]); in topological
/// order, each once. A pattern that matches nothing, or only layers without units, throws kUsage
/// with the nearest names.
std::vector<Layer> SelectLayers(const std::vector<Layer>& layers,
                                const std::vector<std::string>& patterns);

/// What is described when the user does not say: for each map resolution (larger than 1 x 1) the
/// last layer that is not a pooling or a mere convolution before an activation, as the paper's
/// conv1 and layer1..4; where a resolution has only convolutions, the last of these. Left out: what
/// scales the photo's own channels, and the maps whose average is the score of a class
/// (SqueezeNet's conv10). Empty when the network has no maps.
std::vector<Layer> DefaultLayers(const std::vector<Layer>& layers);

}  // namespace milan
