#include "cli/network_step.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "cli/terminal.h"
#include "cli/token_options.h"
#include "milan/base/error.h"
#include "milan/network/batch_of_one.h"
#include "milan/network/interpret_layers.h"
#include "milan/network/unlisted_values.h"

namespace milan {
namespace {

/// A picture that the network made is as it saw it: nothing is left to resize or crop.
Preprocessing OfPictures(const PictureRule& picture) {
  Preprocessing preprocessing;
  preprocessing.shorter_side = 0;
  preprocessing.size = {picture.height, picture.width};
  preprocessing.crop = {0, 0};
  return preprocessing;
}

void SayGenerator(const LatentRecipe& recipe, Terminal& terminal) {
  for (const LatentInput& input : recipe.inputs) {
    terminal.Say(
        fmt::format("latents: {} {} {}", input.name, ToString(input.shape),
                    input.file.empty() ? ToString(input.distribution) : "from " + input.file));
  }
  terminal.Say(fmt::format("picture: {} {}x{}, {} is black, {} is white", recipe.picture.output,
                           recipe.picture.height, recipe.picture.width, recipe.picture.low,
                           recipe.picture.high));
}

}  // namespace

std::optional<Path> ChooseSidecar(const Path& network, const PreprocessingOptions& options) {
  return options.file.empty() ? FindSidecar(network) : std::optional<Path>(options.file);
}

Network PreparedNetwork::Tap(const std::vector<Layer>& chosen) const {
  if (chosen.empty() && latents) return network.Tap({latents->recipe().picture.output});
  return TapLayers(network, chosen);
}

std::vector<Layer> DefaultLayersOf(const PreparedNetwork& prepared) {
  std::vector<Layer> layers = prepared.layers;
  if (prepared.latents) {
    const int64_t channels = CountOf(prepared.latents->recipe().picture.channels);
    std::erase_if(layers, [&](const Layer& layer) { return layer.units == channels; });
  }
  return DefaultLayers(layers);
}

std::vector<Layer> ChooseLayers(const PreparedNetwork& prepared,
                                const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    const std::string reason = WhyUnlisted(prepared.network, prepared.layers, pattern);
    if (!reason.empty()) throw UsageError("layer " + reason);
  }
  if (!patterns.empty()) return SelectLayers(prepared.layers, patterns);
  std::vector<Layer> chosen = DefaultLayersOf(prepared);
  if (chosen.empty()) {
    throw UsageError("no layer with activation maps was found; `milan layers` shows what there is");
  }
  return chosen;
}

PreparedNetwork PrepareNetwork(const NetworkRequest& request, Terminal& terminal) {
  const EngineOptions engine = ResolveDevice(request.device, terminal);
  const std::optional<Path> sidecar = ChooseSidecar(request.path, request.preprocessing);
  ConstantInputs constants = ReadConstants(request.preprocessing.constants, sidecar);
  const Network given = WithConstantInputs(Network::Load(request.path), constants.values);
  const bool is_generator = IsGenerator(given, sidecar, request.generator);
  Preprocessing preprocessing;
  if (!is_generator) {
    preprocessing = ResolvePreprocessing(given, request.path, request.preprocessing, terminal);
  }
  PreparedNetwork prepared{
      WithBatchOfOne(given), preprocessing, std::move(constants.origins), nullptr, {}, engine};
  if (is_generator) {
    prepared.latents =
        ResolveLatents(prepared.network, sidecar, request.generator, prepared.layers);
    prepared.preprocessing = OfPictures(prepared.latents->recipe().picture);
    SayGenerator(prepared.latents->recipe(), terminal);
  } else {
    prepared.layers = ListLayers(prepared.network, {InputShape(preprocessing)}, engine);
  }
  prepared.layers = InterpretLayers(prepared.network, std::move(prepared.layers),
                                    ParseTokenFlags(request.tokens));
  const std::vector<NetworkValue> inputs = prepared.network.Inputs();
  if (!inputs.empty() && inputs[0].shape.size() > 1 && inputs[0].shape[0] > 1) {
    terminal.Say(fmt::format(
        "batch: the network takes {} photos at once and cannot do otherwise; every photo costs as "
        "much as {}",
        inputs[0].shape[0], inputs[0].shape[0]));
  }
  return prepared;
}

PreparedNetwork PrepareClassifier(const Path& path, const PreprocessingOptions& preprocessing,
                                  Terminal& terminal) {
  NetworkRequest request;
  request.path = path;
  request.preprocessing = preprocessing;
  request.generator.has_photos = true;
  request.device = "cpu";
  return PrepareNetwork(request, terminal);
}

}  // namespace milan
