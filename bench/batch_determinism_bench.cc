// Whether a photo's activations are the same bits when ONNX Runtime computes it alone, as milan
// does, and in a batch of 8 or 32. First with the layers that milan describes by default as the
// only outputs, so that operators are fused as in a run; then with every value as an output, which
// shows where differences begin: at an operator whose inputs are equal and whose output is not.
//
//   batch_determinism_bench PHOTOS COUNT NETWORK.onnx...

#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "milan/image/photo_set.h"
#include "milan/image/preprocess.h"
#include "milan/network/engine.h"
#include "milan/network/layer.h"
#include "milan/network/network.h"

namespace milan {
namespace {

/// How the values of one layer differ between a batch and photos alone.
struct Difference {
  int64_t values = 0;
  int64_t different = 0;
  double largest = 0;    ///< Largest difference.
  double magnitude = 0;  ///< Largest value.

  void Add(std::span<const float> batch, std::span<const float> alone) {
    for (size_t i = 0; i < alone.size(); ++i) {
      ++values;
      magnitude = std::max(magnitude, std::abs(static_cast<double>(alone[i])));
      if (std::memcmp(&batch[i], &alone[i], sizeof(float)) == 0) continue;
      ++different;
      largest = std::max(largest, std::abs(static_cast<double>(batch[i]) - alone[i]));
    }
  }
};

/// `count` photos spread over the set, as inputs end to end.
std::vector<float> LoadInputs(const PhotoSet& photos, int count, const Preprocessing& rule) {
  const size_t size = size_t{3} * rule.Height() * rule.Width();
  std::vector<float> inputs(count * size);
  for (int i = 0; i < count; ++i) {
    const DecodeResult photo = LoadPhoto(photos, i * photos.photos.size() / count);
    if (!photo.ok()) throw InputError("a photo cannot be read");
    Normalize(rule, Picture(rule, photo.image), std::span(inputs).subspan(i * size, size));
  }
  return inputs;
}

/// The differences of each output of `engine`, photos taken `batch` at a time.
std::vector<Difference> Compare(Engine& engine, size_t outputs, const Shape& one_photo,
                                std::span<const float> inputs, int64_t batch) {
  const auto size = static_cast<size_t>(ElementCount(one_photo));
  std::vector<Difference> differences(outputs);
  Shape shape = one_photo;
  shape[0] = batch;
  for (size_t begin = 0; begin + batch * size <= inputs.size(); begin += batch * size) {
    const ArrayView together = {shape, inputs.subspan(begin, batch * size)};
    engine.Run({&together, 1}, [&](std::span<const ArrayView> of_batch) {
      for (int64_t i = 0; i < batch; ++i) {
        const ArrayView single = {one_photo, together.values.subspan(i * size, size)};
        engine.Run({&single, 1}, [&](std::span<const ArrayView> alone) {
          for (size_t output = 0; output < outputs; ++output) {
            const size_t count = alone[output].values.size();
            differences[output].Add(of_batch[output].values.subspan(i * count, count),
                                    alone[output].values);
          }
        });
      }
    });
  }
  return differences;
}

void Print(const Layer& layer, const Difference& difference) {
  std::printf("    %-52s %11lld of %11lld differ, at most %.1e (largest value %.1e)\n",
              layer.name.c_str(), static_cast<long long>(difference.different),
              static_cast<long long>(difference.values), difference.largest, difference.magnitude);
}

/// Operators that make a difference themselves: all that they read is equal.
void PrintOrigins(const Network& network, const std::vector<Layer>& layers,
                  const std::vector<Difference>& differences) {
  std::set<std::string> unequal;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (differences[i].different > 0) unequal.insert(layers[i].name);
  }
  std::map<std::string, int> origins;
  std::string first;
  for (const ComputedValue& value : network.ComputedValues()) {
    if (!unequal.contains(value.name)) continue;
    bool inherited = false;
    for (const std::string& input : value.inputs) inherited |= unequal.contains(input);
    if (inherited) continue;
    if (first.empty()) first = value.op_type + " that computes " + value.name;
    ++origins[value.op_type];
  }
  std::printf("    every value as an output: %zu of %zu values differ", unequal.size(),
              layers.size());
  if (!first.empty()) std::printf("; the first is %s; with equal inputs:", first.c_str());
  for (const auto& [op_type, count] : origins) std::printf(" %d %s", count, op_type.c_str());
  std::printf("\n");
}

std::vector<std::string> Names(const std::vector<Layer>& layers) {
  std::vector<std::string> names;
  for (const Layer& layer : layers) names.push_back(layer.name);
  return names;
}

void RunBench(const PhotoSet& photos, int count, const Path& path) {
  const Network network = Network::Load(path);
  const auto sidecar = FindSidecar(path);
  const Preprocessing rule = sidecar ? ReadPreprocessing(*sidecar) : Preprocessing();
  const Shape one_photo = {1, 3, rule.Height(), rule.Width()};
  const std::vector<float> inputs = LoadInputs(photos, count, rule);
  std::vector<Layer> all;
  for (const Layer& layer : ListLayers(network, rule.Height(), rule.Width())) {
    if (layer.IsDescribable()) all.push_back(layer);
  }
  const std::vector<Layer> usual = DefaultLayers(all);
  const auto usual_engine = CreateEngine(network.Tap(Names(usual)));
  const auto full_engine = CreateEngine(network.Tap(Names(all)));
  for (const int64_t batch : {1, 8, 32}) {
    std::printf("%s, batches of %lld\n", network.name().c_str(), static_cast<long long>(batch));
    const auto differences = Compare(*usual_engine, usual.size(), one_photo, inputs, batch);
    for (size_t i = 0; i < usual.size(); ++i) Print(usual[i], differences[i]);
    PrintOrigins(network, all, Compare(*full_engine, all.size(), one_photo, inputs, batch));
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: batch_determinism_bench PHOTOS COUNT NETWORK.onnx...\n");
    return 2;
  }
  try {
    const milan::PhotoSet photos = milan::OpenPhotoSet(argv[1]);
    for (int i = 3; i < argc; ++i) milan::RunBench(photos, std::stoi(argv[2]), argv[i]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "batch_determinism_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}
