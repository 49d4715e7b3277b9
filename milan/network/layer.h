#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/array.h"
#include "milan/network/engine.h"
#include "milan/network/layer_view.h"
#include "milan/network/network.h"

namespace milan {

/// A named value of the network whose channels are units.
struct Layer {
  std::string name;
  std::string op_type;
  Layout layout = Layout::kOther;
  Shape shape;        ///< For one photo, as the network computes it.
  int64_t units = 0;  ///< 0 when layout is kOther.
  int64_t height = 0;
  int64_t width = 0;

  // What InterpretLayers adds (interpret_layers.h).
  LayerView view = {};  ///< How the values become maps.
  std::vector<std::string> modules =
      {};                          ///< PyTorch modules that it is an output of, outermost first.
  std::string folded_module = {};  ///< A convolution that a BatchNorm was folded into.
  bool has_folded_norm = false;
  std::string stage = {};     ///< "after Relu", "before Gelu", ...; empty when neither.
  bool is_activated = false;  ///< The stage is after an activation function.
  bool is_proposed = false;   ///< Worth describing.
  std::string problem = {};   ///< Why it has no units, and what to do; may be empty.

  bool IsDescribable() const { return layout != Layout::kOther; }
};

/// Every computed floating-point value with its shape for one photo of height x width, in
/// topological order. Shapes come from running the network once on zeros, so they are right for any
/// operator. Throws kInput when the network does not take one image input (photo_input.h) or fails
/// to run.
std::vector<Layer> ListLayers(const Network& network, int height, int width,
                              const EngineOptions& options = {});
/// The same for inputs of these shapes: one photo of any arrangement, or a generator's latents.
std::vector<Layer> ListLayers(const Network& network, const std::vector<Shape>& inputs,
                              const EngineOptions& options = {});

/// The layers whose names, or modules that they are outputs of, match any of the patterns (names,
/// globs with * ? [..], or "re:" and a regular expression to be found in them); in topological
/// order, each once. A pattern that matches nothing, or only layers without units, throws kUsage
/// with the reason and the nearest names; so does a module whose output was folded into another.
std::vector<Layer> SelectLayers(const std::vector<Layer>& layers,
                                const std::vector<std::string>& patterns);

/// What is described when the user does not say: for each map resolution (larger than 1 x 1) the
/// last layer that is not a pooling or a mere convolution before an activation, as the paper's
/// conv1 and layer1..4; where a resolution has only convolutions, the last of these. Left out: what
/// scales the photo's own channels, and the maps whose average is the score of a class
/// (SqueezeNet's conv10). Of tokens and [1, height, width, units], the hidden activations count:
/// the paper's units of vision transformers. Empty when the network has no maps.
std::vector<Layer> DefaultLayers(const std::vector<Layer>& layers);

}  // namespace milan
