#include "milan/captioner/encoder.h"

#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"

namespace milan {
namespace {

std::vector<std::string> ReadLevels(const Path& sidecar) {
  auto levels = Get<std::vector<std::string>>(ReadJson(sidecar), "levels", sidecar.string());
  if (levels.empty()) throw InputError(sidecar.string() + ": member 'levels' names no value");
  return levels;
}

Network TapLevels(const Network& network, const std::vector<std::string>& levels,
                  const Path& sidecar) {
  try {
    return network.Tap(levels);
  } catch (const Error& error) {
    throw InputError(sidecar.string() + ": member 'levels': " + error.what());
  }
}

}  // namespace

Image ViewOf(const Image& photo, const Preprocessing& view, int width, int height) {
  return Resize(photo, ViewBox(view, photo.width, photo.height), width, height);
}

Encoder Encoder::Open(const Path& path, const EngineOptions& options) {
  Network network = Network::Load(path);
  const auto sidecar = FindSidecar(path);
  if (!sidecar) {
    throw InputError(path.string() + ": an encoder needs a sidecar, " + path.stem().string() +
                     ".json beside it, that names its \"levels\"");
  }
  const std::vector<std::string> levels = ReadLevels(*sidecar);
  Encoder encoder(TapLevels(network, levels, *sidecar), ReadFile(*sidecar),
                  ReadPreprocessing(*sidecar), options);
  encoder.levels_ = levels;
  encoder.regions_ =
      ParseRegions(GetOr<std::string>(ReadJson(*sidecar), "regions", "masked", sidecar->string()),
                   sidecar->string());
  encoder.hash_ = HashText(HashFile(path) + HashText(encoder.sidecar_));
  const Image grey{
      encoder.width(), encoder.height(),
      std::vector<uint8_t>(static_cast<size_t>(encoder.width()) * encoder.height() * 3, 128)};
  encoder.Run(grey, [&](std::span<const ArrayView> outputs) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].shape.size() != 4 || outputs[i].shape[0] != 1) {
        throw InputError(sidecar->string() + ": level '" + levels[i] + "' has the shape " +
                         ToString(outputs[i].shape) + "; levels are maps [1, channels, h, w]");
      }
      encoder.channels_ += outputs[i].shape[1];
    }
  });
  return encoder;
}

Encoder::Encoder(Network network, std::string sidecar, Preprocessing preprocessing,
                 const EngineOptions& options)
    : network_(std::move(network)),
      sidecar_(std::move(sidecar)),
      preprocessing_(preprocessing),
      engine_(CreateEngine(network_, options)) {}

void Encoder::Run(const Image& photo, const Preprocessing& view,
                  const Engine::Receiver& receiver) const {
  Run(ViewOf(photo, view, width(), height()), receiver);
}

void Encoder::Run(const Image& picture, const Engine::Receiver& receiver) const {
  const Shape shape = InputShape(preprocessing_);
  std::vector<float> input(static_cast<size_t>(ElementCount(shape)));
  Normalize(preprocessing_, picture, input);
  const ArrayView view{shape, input};
  engine_->Run({&view, 1}, receiver);
}

void Encoder::Save(const Path& network) const {
  WriteFileAtomically(network, network_.Serialize());
  WriteFileAtomically(Path(network).replace_extension(".json"), sidecar_);
}

}  // namespace milan
