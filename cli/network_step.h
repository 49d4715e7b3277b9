#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/steps.h"
#include "milan/base/file.h"
#include "milan/exemplar/latent_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/constant_inputs.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace milan {

/// The sidecar to use: the one that the user names, or the one beside the network, if any.
std::optional<Path> ChooseSidecar(const Path& network, const PreprocessingOptions& options);

/// Inputs that have the same value for every photo.
struct ConstantInputs {
  std::vector<InputConstant> values;
  std::map<std::string, std::string> origins;  ///< For run.json.
};
/// Those of --constant, over those of the sidecar's "constants". Throws kUsage, kInput.
ConstantInputs ReadConstants(const std::vector<std::string>& options,
                             const std::optional<Path>& sidecar);

/// Whether the network makes pictures from latents: asked for by --latents, or said by the sidecar,
/// or plain from the file: no input that may be a photo, an output that may be a picture.
bool IsGenerator(const Network& network, const std::optional<Path>& sidecar,
                 const GeneratorOptions& options);

/// What the user says of a network.
struct NetworkRequest {
  Path path;
  PreprocessingOptions preprocessing;
  GeneratorOptions generator;
  TokenFlags tokens;
  std::string device;  ///< --device
};

/// A network of which nothing is open any more but the photo, or a generator's latents.
struct PreparedNetwork {
  Network network;  ///< One input per photo or latent, batches of one where that is possible.
  Preprocessing preprocessing;
  std::map<std::string, std::string> constants;
  std::shared_ptr<const LatentSet> latents;  ///< Of a generator.
  std::vector<Layer> layers;                 ///< All of them.
  EngineOptions engine = {};                 ///< For running it.

  /// The network whose outputs are the maps of these layers; without any, a generator's picture.
  Network Tap(const std::vector<Layer>& chosen) const;
};

/// Reads the network, its sidecar and the options, and lists the layers. Says how photos become its
/// input and what runs it. Throws kUsage, kInput, kResource.
PreparedNetwork PrepareNetwork(const NetworkRequest& request, Terminal& terminal);

/// The same of a network that sees photos, on the CPU.
PreparedNetwork PrepareClassifier(const Path& path, const PreprocessingOptions& preprocessing,
                                  Terminal& terminal);

/// DefaultLayers, without a generator's picture and what has its channels.
std::vector<Layer> DefaultLayersOf(const PreparedNetwork& prepared);

/// The layers that the patterns select, or the default ones. Throws kUsage with the nearest names,
/// or the reason why a value of that name is none.
std::vector<Layer> ChooseLayers(const PreparedNetwork& prepared,
                                const std::vector<std::string>& patterns);

/// The latents of a generator and the rule of its picture, which is among its values; `layers`
/// receives all layers.
std::shared_ptr<const LatentSet> ResolveLatents(const Network& network,
                                                const std::optional<Path>& sidecar,
                                                const GeneratorOptions& options,
                                                std::vector<Layer>& layers);

}  // namespace milan
