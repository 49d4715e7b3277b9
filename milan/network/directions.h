#pragma once

#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/base/file.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace milan {

/// Directions in the space of a layer's units, such as probes, principal components or the encoder
/// of a sparse autoencoder. At every position, where the layer has the values x, they have the
/// values weight (x - center) + bias and, with `relu`, no negative ones.
struct Directions {
  std::string name;           ///< The layer that they make is called "<layer>@<name>".
  Array weight;               ///< [directions, units]
  std::vector<float> bias;    ///< [directions]; empty: none.
  std::vector<float> center;  ///< [units]; empty: none.
  bool relu = false;
};

/// Where directions are read from. A file is .npy or .safetensors; float16, float32 or float64.
struct DirectionFiles {
  /// .npy: [directions, units], or [units] for a single one. .safetensors: "weight" of that shape
  /// and, where the file has them, "bias" and "center".
  Path weight;
  Path bias;         ///< .npy: [directions]; .safetensors: its "bias". Empty: none.
  Path center;       ///< .npy: [units]; .safetensors: its "center". Empty: none.
  std::string name;  ///< Empty: that of the weight's file, without its extension.
  bool relu = false;
};

/// Reads directions of `layer`. Throws kInput naming the file: missing, damaged, of another type,
/// of a shape that does not fit the layer's units, or with a value that is not finite; kUsage when
/// a bias or center is given twice.
Directions ReadDirections(const DirectionFiles& files, const Layer& layer);

/// Directions with the layer whose units they combine.
struct LayerDirections {
  Layer layer;
  Directions directions;
};

/// A network with values that its file does not have.
struct ExtendedNetwork {
  Network network;
  std::vector<Layer> layers;  ///< The new ones, which can be tapped as any other.
};

/// Appends ONNX nodes to the network that compute the directions, in float32: a 1 x 1 convolution
/// of maps, a matrix product of vectors. Each set becomes a layer "<layer>@<name>" with one unit
/// per direction and maps of the layer's size. The network's own values stay as they are. Throws
/// kUsage when two layers would have the same name; REQUIRES shapes that fit, as those read.
ExtendedNetwork AddDirections(const Network& network, const std::vector<LayerDirections>& sets);

}  // namespace milan
