// What ablation costs beside full passes of the network. In turn, block of photos by block: one
// full pass per photo as any program would run it (all of ONNX Runtime's optimisations), then the
// ablation of UNITS single units of a layer over the same photos: cut, prefix, all suffixes. Prints
// seconds of processor time and the ratio of UNITS full passes per photo (extrapolated from the
// measured ones) to the ablation.
//
//   milan_ablation_bench NETWORK.onnx LAYER UNITS PHOTOS COUNT [all]
//
// With "all", units that are 0 on a photo anyway are computed, too.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <string>
#include <vector>

#include "milan/ablation/ablator.h"
#include "milan/base/parallel.h"
#include "milan/network/ablatable.h"
#include "milan/network/layer.h"

namespace milan {
namespace {

/// Processor time of all threads: others on the machine do not count.
struct Clock {
  using time_point = double;
  static double now() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  }
};

double Since(Clock::time_point start) { return Clock::now() - start; }

struct Times {
  double full = 0;
  double fused = 0;  ///< Full passes without NCHWc layouts, as the parts of a cut run.
  double prepare = 0;
  double ablation = 0;
  int64_t passes = 0;
  int64_t spared = 0;
};

std::vector<Array> ReadInputs(const PhotoSet& photos, const std::vector<int64_t>& ids,
                              const Preprocessing& preprocessing) {
  std::vector<Array> inputs;
  for (const int64_t id : ids) {
    Array input{{1, 3, preprocessing.Height(), preprocessing.Width()}, {}};
    input.values.resize(ElementCount(input.shape));
    Normalize(preprocessing, Picture(preprocessing, LoadPhoto(photos, id).image), input.values);
    inputs.push_back(std::move(input));
  }
  return inputs;
}

double TimeOf(Engine& engine, const std::vector<Array>& inputs) {
  const auto start = Clock::now();
  ParallelFor(DefaultWorkers(), std::ssize(inputs), [&](int, int64_t i) {
    const ArrayView view = inputs[i].View();
    engine.Run({&view, 1}, [](std::span<const ArrayView>) {});
  });
  return Since(start);
}

/// Whether photos together take less time per photo in the suffix than alone, and give their bits.
void CompareBatch(const Network& network, const UnitAxis& axis, const Array& photo,
                  const std::string& output) {
  constexpr int64_t kBatch = 16;
  constexpr int kRepeats = 20;
  std::vector<float> alone;
  for (const int64_t batch : {int64_t{1}, kBatch}) {
    Shape shape = photo.shape;
    shape[0] = batch;
    const AblatableNetwork parts = PrepareAblation(network, shape, {axis}, output);
    Array input{shape, {}};
    for (int64_t i = 0; i < batch; ++i) {
      input.values.insert(input.values.end(), photo.values.begin(), photo.values.end());
    }
    std::vector<Array> inputs;
    const ArrayView view = input.View();
    CreateEngine(parts.cut.prefix, kAblationEngine)
        ->Run({&view, 1}, [&](std::span<const ArrayView> values) {
          for (const ArrayView& value : values) {
            inputs.push_back({value.shape, {value.values.begin(), value.values.end()}});
          }
        });
    const GateValues gate = NeutralGate(axis);
    inputs.push_back(gate.scale);
    inputs.push_back(gate.shift);
    std::vector<ArrayView> views;
    for (const Array& array : inputs) views.push_back(array.View());
    const auto engine = CreateEngine(parts.cut.suffix, kAblationEngine);
    std::vector<double> seconds;
    bool is_same = true;
    for (int i = 0; i < kRepeats; ++i) {
      const auto start = Clock::now();
      engine->Run(views, [&](std::span<const ArrayView> outputs) {
        seconds.push_back(Since(start));
        const auto values = outputs[0].values;
        if (batch == 1) alone.assign(values.begin(), values.end());
        for (size_t j = 0; j < values.size(); j += alone.size()) {
          is_same =
              is_same && std::memcmp(&values[j], alone.data(), alone.size() * sizeof(float)) == 0;
        }
      });
    }
    std::sort(seconds.begin(), seconds.end());
    std::printf("suffix, batch %2lld: %.1f us per photo%s\n", static_cast<long long>(batch),
                1e6 * seconds[kRepeats / 2] / static_cast<double>(batch),
                batch == 1 ? ""
                : is_same  ? ", same bits"
                           : ", other bits");
  }
}

void Run(char** arguments, bool skip) {
  const Path path = arguments[1];
  const Network network = Network::Load(path);
  const Preprocessing preprocessing = ReadPreprocessing(*FindSidecar(path));
  const std::string output = network.Outputs().front().name;
  const auto layers = SelectLayers(
      ListLayers(network, preprocessing.Height(), preprocessing.Width()), {arguments[2]});
  const std::vector<UnitAxis> axes = {UnitAxisOf(layers.front())};
  const PhotoSet photos = OpenPhotoSet(arguments[4]);
  const int64_t count = std::min<int64_t>(std::atoll(arguments[5]), std::ssize(photos.photos));
  std::vector<EditSet> sets;
  for (int64_t unit = 0; unit < std::min<int64_t>(std::atoll(arguments[3]), axes[0].units);
       ++unit) {
    sets.push_back({ZeroUnit(axes[0].layer, unit)});
  }
  const auto whole = CreateEngine(network);
  const auto fused = CreateEngine(network, {.optimization = Optimization::kFused});
  Times times;
  NoProgress progress;
  constexpr int64_t kBlock = 25;
  for (int64_t first = 0; first < count; first += kBlock) {
    std::vector<int64_t> ids;
    std::vector<int32_t> labels(photos.photos.size(), -1);
    for (int64_t id = first; id < std::min(first + kBlock, count); ++id) {
      ids.push_back(id);
      labels[id] = 0;
    }
    const std::vector<Array> inputs = ReadInputs(photos, ids, preprocessing);
    if (first == 0) {
      CompareBatch(network, axes[0], inputs[0], output);
      (void)TimeOf(*whole, inputs);  // warm
      (void)TimeOf(*fused, inputs);
    }
    times.full += TimeOf(*whole, inputs);
    times.fused += TimeOf(*fused, inputs);
    auto start = Clock::now();
    const Ablator ablator({network, axes, output, photos, labels, preprocessing},
                          {.skip_unchanged = skip}, progress);
    times.prepare += Since(start);
    start = Clock::now();
    (void)ablator.Judge(sets, progress);
    times.ablation += Since(start);
    times.passes += std::ssize(ids) * std::ssize(sets);
    times.spared += ablator.spared_count();
    if (first / kBlock % 8 == 7)
      std::fprintf(stderr, "%lld photos\n", static_cast<long long>(first + kBlock));
  }
  const auto units = static_cast<double>(sets.size());
  std::printf("%s, %s: %zu units, %lld photos, %d workers\n", network.name().c_str(),
              axes[0].layer.c_str(), sets.size(), static_cast<long long>(count), DefaultWorkers());
  std::printf("full passes: %.2f s for one per photo (without NCHWc layouts %.2f s)\n", times.full,
              times.fused);
  std::printf(
      "ablation: %.2f s for cut, decoding and prefixes, %.2f s for %lld passes, %.1f %% of "
      "them spared\n",
      times.prepare, times.ablation, static_cast<long long>(times.passes),
      100 * static_cast<double>(times.spared) / static_cast<double>(times.passes));
  std::printf("ratio: %.0f full passes per photo would take %.1f times as long\n", units,
              units * times.full / (times.prepare + times.ablation));
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  if (argc < 6) {
    std::fprintf(stderr,
                 "usage: milan_ablation_bench NETWORK.onnx LAYER UNITS PHOTOS COUNT [all]\n");
    return 2;
  }
  try {
    milan::Run(argv, argc == 6);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
