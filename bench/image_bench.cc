// Photos per second of decoding, of making the network's picture, and of both with normalisation,
// on one thread, over up to 1,000 photos of a folder that are held in memory.
//
//   image_bench PHOTOS [--benchmark_...]

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"

namespace milan {
namespace {

constexpr size_t kPhotos = 1000;

/// Spread evenly over the set, because folders differ.
std::vector<std::string> ReadSome(const PhotoSet& set) {
  const size_t count = std::min(kPhotos, set.photos.size());
  std::vector<std::string> files;
  for (size_t i = 0; i < count; ++i)
    files.push_back(ReadFile(set.PathOf(i * set.photos.size() / count)));
  return files;
}

DecodeResult DecodeFile(const std::string& file) { return Decode(std::as_bytes(std::span(file))); }

template <typename Item>
void Register(const std::string& name, const std::vector<Item>& items,
              const std::function<void(const Item&)>& work) {
  const auto run = [&items, work](benchmark::State& state) {
    for (auto _ : state) {
      for (const Item& item : items) work(item);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(items.size()));
  };
  benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMillisecond);
}

void RunAll(const Path& folder) {
  const std::vector<std::string> files = ReadSome(OpenPhotoSet(folder));
  std::vector<Image> photos;
  for (const std::string& file : files) {
    if (DecodeResult decoded = DecodeFile(file); decoded.ok())
      photos.push_back(std::move(decoded.image));
  }
  const Preprocessing preprocessing;
  std::vector<float> input(size_t{3} * preprocessing.Height() * preprocessing.Width());
  Register<std::string>("decode", files,
                        [](const auto& file) { benchmark::DoNotOptimize(DecodeFile(file)); });
  Register<Image>("picture", photos, [&](const Image& photo) {
    benchmark::DoNotOptimize(Picture(preprocessing, photo));
  });
  Register<std::string>("decode, picture, normalize", files, [&](const auto& file) {
    const DecodeResult decoded = DecodeFile(file);
    if (decoded.ok()) Normalize(preprocessing, Picture(preprocessing, decoded.image), input);
    benchmark::DoNotOptimize(input.data());
  });
  benchmark::RunSpecifiedBenchmarks();
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc != 2) {
    std::fprintf(stderr, "usage: image_bench PHOTOS [--benchmark_...]\n");
    return 2;
  }
  try {
    milan::RunAll(argv[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "image_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
