#include "bench/quantile_sketches/layer_values.h"

#include <algorithm>

#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/engine.h"
#include "milan/network/network.h"

namespace milan {
namespace {

Preprocessing PreprocessingOf(const Path& network) {
  const auto sidecar = FindSidecar(network);
  return sidecar ? ReadPreprocessing(*sidecar) : Preprocessing();
}

}  // namespace

std::vector<Layer> DefaultLayersOf(const Path& network) {
  const Preprocessing preprocessing = PreprocessingOf(network);
  return DefaultLayers(
      ListLayers(Network::Load(network), preprocessing.Height(), preprocessing.Width()));
}

LayerValues ReadLayer(const Path& network, const std::string& layer, const Path& folder,
                      size_t count) {
  const Preprocessing preprocessing = PreprocessingOf(network);
  const auto engine = CreateEngine(Network::Load(network).Tap({layer}));
  const PhotoSet photos = OpenPhotoSet(folder);
  Array input{{1, 3, preprocessing.Height(), preprocessing.Width()}, {}};
  input.values.resize(ElementCount(input.shape));
  const ArrayView view = input.View();
  LayerValues result;
  const size_t wanted = std::min(count, photos.photos.size());
  for (size_t i = 0; i < wanted; ++i) {
    const DecodeResult photo = LoadPhoto(photos, i * photos.photos.size() / wanted);
    if (!photo.ok()) continue;
    Normalize(preprocessing, Picture(preprocessing, photo.image), input.values);
    engine->Run({&view, 1}, [&](std::span<const ArrayView> outputs) {
      const ArrayView& output = outputs.front();
      result.units = static_cast<size_t>(output.shape.at(1));
      result.positions = output.values.size() / result.units;
      if (result.photos == 0) result.values.reserve(wanted * output.values.size());
      result.values.insert(result.values.end(), output.values.begin(), output.values.end());
    });
    ++result.photos;
  }
  return result;
}

double RankError(const LayerValues& layer, size_t unit, float value, double q) {
  size_t below = 0;
  size_t equal = 0;
  for (size_t photo = 0; photo < layer.photos; ++photo) {
    for (const float other : layer.Map(photo, unit)) {
      below += other < value ? 1 : 0;
      equal += other == value ? 1 : 0;
    }
  }
  const auto count = static_cast<double>(layer.photos * layer.positions);
  const double low = static_cast<double>(below) / count;
  const double high = static_cast<double>(below + equal) / count;
  return std::max({0.0, low - q, q - high});
}

}  // namespace milan
