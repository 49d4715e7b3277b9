// What the statistics of a tally cost beside the forward pass: thread time per photo of both, on
// one thread, the same photos, alternating photo by photo; then memory and the error of quantiles.
//
//   tally_bench NETWORK.onnx PHOTOS COUNT LAYER...

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "milan/exemplar/layer_statistics.h"
#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace milan {
namespace {

constexpr double kQuantile = 0.99;
constexpr size_t kCheckedUnits = 2;  // per layer: those whose values are all kept

double ThreadSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// One layer's statistics and, for some of its units, every value.
struct Measured {
  Layer layer;
  LayerStatistics statistics;
  std::vector<std::vector<float>> values;
  double seconds = 0;

  explicit Measured(const Layer& a_layer)
      : layer(a_layer), statistics(layer.units, layer.height, layer.width, {15}) {
    values.resize(std::min<size_t>(kCheckedUnits, layer.units));
  }
  size_t Unit(size_t checked) const { return checked * layer.units / values.size(); }

  void Add(int32_t id, const ArrayView& activations) {
    const double start = ThreadSeconds();
    statistics.Add(id, activations);
    seconds += ThreadSeconds() - start;
    const size_t positions = layer.height * layer.width;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto map = activations.values.subspan(Unit(i) * positions, positions);
      values[i].insert(values[i].end(), map.begin(), map.end());
    }
  }
};

/// How far the rank of `value` in `sorted` is from `q`; 0 when q lies inside a run of equal values.
double RankError(const std::vector<float>& sorted, float value, double q) {
  const auto [first, last] = std::equal_range(sorted.begin(), sorted.end(), value);
  const auto count = static_cast<double>(sorted.size());
  const double low = static_cast<double>(first - sorted.begin()) / count;
  const double high = static_cast<double>(last - sorted.begin()) / count;
  return std::max({0.0, low - q, q - high});
}

void Print(Measured& measured, int photos) {
  const ExemplarSet set = measured.statistics.Finish(measured.layer.name, kQuantile);
  double worst = 0;
  for (size_t i = 0; i < measured.values.size(); ++i) {
    std::sort(measured.values[i].begin(), measured.values[i].end());
    worst =
        std::max(worst, RankError(measured.values[i], set.thresholds[measured.Unit(i)], kQuantile));
  }
  const auto values = static_cast<double>(ElementCount(measured.layer.shape));
  std::printf("%-40s %8.0f values/photo %6.2f ns/value %7.1f kB/unit  rank error %.6f\n",
              measured.layer.name.c_str(), values, 1e9 * measured.seconds / photos / values,
              1e-3 * static_cast<double>(measured.statistics.bytes()) /
                  static_cast<double>(measured.layer.units),
              worst);
}

void RunBench(const Path& path, const Path& folder, int wanted,
              const std::vector<std::string>& patterns) {
  const Network network = Network::Load(path);
  const auto sidecar = FindSidecar(path);
  const Preprocessing preprocessing = sidecar ? ReadPreprocessing(*sidecar) : Preprocessing();
  const auto layers =
      SelectLayers(ListLayers(network, preprocessing.Height(), preprocessing.Width()), patterns);
  std::vector<std::string> names;
  std::vector<Measured> all;
  for (const Layer& layer : layers) {
    names.push_back(layer.name);
    all.emplace_back(layer);
  }
  const auto engine = CreateEngine(network.Tap(names));
  const PhotoSet photos = OpenPhotoSet(folder);
  Array input{{1, 3, preprocessing.Height(), preprocessing.Width()}, {}};
  input.values.resize(ElementCount(input.shape));
  double forward = 0;
  int count = 0;
  for (size_t i = 0; i < photos.photos.size() && count < wanted; ++i, ++count) {
    const DecodeResult photo = LoadPhoto(photos, i * photos.photos.size() / wanted);
    if (!photo.ok()) continue;
    Normalize(preprocessing, Picture(preprocessing, photo.image), input.values);
    const ArrayView view = input.View();
    const double start = ThreadSeconds();
    double inside = 0;
    engine->Run({&view, 1}, [&](std::span<const ArrayView> outputs) {
      const double before = ThreadSeconds();
      for (size_t l = 0; l < all.size(); ++l) all[l].Add(static_cast<int32_t>(i), outputs[l]);
      inside = ThreadSeconds() - before;
    });
    forward += ThreadSeconds() - start - inside;
  }
  double statistics = 0;
  for (Measured& measured : all) {
    Print(measured, count);
    statistics += measured.seconds;
  }
  std::printf("%d photos: forward %.2f ms, statistics %.2f ms (%.1f %% of it) per photo\n", count,
              1e3 * forward / count, 1e3 * statistics / count, 100 * statistics / forward);
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: tally_bench NETWORK.onnx PHOTOS COUNT LAYER...\n");
    return 2;
  }
  try {
    milan::RunBench(argv[1], argv[2], std::stoi(argv[3]), {argv + 4, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tally_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
