// Photos per second of the bare forward pass, one photo at a time, on one thread and on two: the
// ceiling for everything that streams photos through a network.
//
//   forward_bench NETWORK.onnx... [--benchmark_...]

#include <cstdio>
#include <memory>
#include <string>

#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include "milan/base/random.h"
#include "milan/network/engine.h"
#include "milan/network/network.h"

namespace milan {
namespace {

constexpr int64_t kOpenSize = 224;  // where the network leaves the size of photos open

Array RandomPhoto(const Network& network) {
  Shape shape = network.Inputs().at(0).shape;
  for (int64_t& size : shape) {
    if (size < 0) size = &size == shape.data() ? 1 : kOpenSize;
  }
  Random random(1);
  Array photo{shape, std::vector<float>(static_cast<size_t>(ElementCount(shape)))};
  for (float& value : photo.values) value = static_cast<float>(2 * random.Uniform() - 1);
  return photo;
}

void Forward(benchmark::State& state, Engine& engine, const Array& photo) {
  const ArrayView input = photo.View();
  for (auto _ : state) {
    engine.Run({&input, 1}, [](std::span<const ArrayView> outputs) {
      benchmark::DoNotOptimize(outputs.front().values.data());
    });
  }
  state.SetItemsProcessed(state.iterations());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["peak_MiB"] = benchmark::Counter(static_cast<double>(usage.ru_maxrss) / 1024,
                                                  benchmark::Counter::kAvgThreads);
}

void Register(const Path& path) {
  const Network network = Network::Load(path);
  const std::shared_ptr<Engine> engine = CreateEngine(network);
  const Array photo = RandomPhoto(network);
  benchmark::RegisterBenchmark(
      network.name().c_str(),
      [engine, photo](benchmark::State& state) { Forward(state, *engine, photo); })
      ->ThreadRange(1, 2)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  try {
    for (int i = 1; i < argc; ++i) milan::Register(argv[i]);
  } catch (const milan::Error& error) {
    std::fprintf(stderr, "forward_bench: %s\n", error.what());
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
