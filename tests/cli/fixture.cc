// Writes what the command line tests describe: network.onnx (layer1 with 8 units of which unit 3 is
// dead, layer2 with 12), classifier.onnx (four classes), 40 small photos of coloured discs, and
// token-encoder.onnx with vocab.txt, all made by code.

#include <cstdio>
#include <string>

#include "milan/base/file.h"
#include "milan/base/random.h"
#include "milan/image/image.h"
#include "milan/network/model_builder.h"

namespace milan {
namespace {

Array RandomArray(const Shape& shape, float scale, Random& random) {
  Array array{shape, std::vector<float>(ElementCount(shape))};
  for (float& value : array.values) value = scale * static_cast<float>(random.Uniform() - 0.5);
  return array;
}

void WriteNetwork(const Path& path) {
  Random random(7);
  ModelBuilder builder("input", {-1, 3, 64, 64});
  Array weight1 = RandomArray({8, 3, 3, 3}, 1.0F, random);
  Array bias1 = RandomArray({8}, 0.1F, random);
  constexpr int kDeadUnit = 3;
  bias1.values[kDeadUnit] = -1000;
  std::string x =
      builder.Conv("conv1", builder.input(), weight1, bias1, {.stride = 2, .padding = 1});
  x = builder.Relu("layer1", x);
  x = builder.Conv("conv2", x, RandomArray({12, 8, 3, 3}, 1.0F, random),
                   RandomArray({12}, 0.1F, random), {.stride = 2, .padding = 1});
  x = builder.Relu("layer2", x);
  builder.Output(x);
  WriteFileAtomically(path, builder.Build("fixture").Serialize());
}

/// A classifier of four classes with a sidecar that names them.
void WriteClassifier(const Path& folder) {
  Random random(5);
  ModelBuilder builder("input", {-1, 3, 32, 32});
  std::string x = builder.Conv("conv", builder.input(), RandomArray({6, 3, 3, 3}, 1.0F, random),
                               RandomArray({6}, 0.1F, random), {.stride = 2, .padding = 1});
  x = builder.Relu("layer", x);
  x = builder.Conv("conv2", x, RandomArray({8, 6, 3, 3}, 1.0F, random),
                   RandomArray({8}, 0.1F, random), {.stride = 2, .padding = 1});
  x = builder.Relu("late", x);
  x = builder.Flatten("flat", builder.GlobalAveragePool("average", x));
  builder.Output(
      builder.Gemm("logits", x, RandomArray({4, 8}, 4.0F, random), RandomArray({4}, 0.1F, random)));
  WriteFileAtomically(folder / "classifier.onnx", builder.Build("classifier").Serialize());
  WriteFileAtomically(folder / "classifier.json",
                      R"({"input": {"resize": {"size": [32, 32]}, "scale": 0.00392156862,
                          "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
                          "labels": "names.txt"})");
  WriteFileAtomically(folder / "names.txt", "red fox, Vulpes\ngrey wolf\nfrog\nship\n");
}

/// Every piece of the vocabulary has a vector of its own, whatever is around it.
void WriteTokenEncoder(const Path& folder) {
  const std::string pieces = "[UNK]\n[CLS]\n[SEP]\nred\ndog\n##s\nblue\ncar\ngrass\n";
  WriteFileAtomically(folder / "vocab.txt", pieces);
  constexpr int64_t kPieces = 9;
  constexpr int64_t kInt64 = 7;
  Random random(5);
  ModelBuilder builder("input_ids", {-1, -1});
  const std::string ids = builder.Apply("Cast", "ids", {builder.input()}, {{"to", kInt64}});
  const std::string table = builder.Weight("table", RandomArray({kPieces, 8}, 1.0F, random));
  builder.Output(builder.Apply("Gather", "vectors", {table, ids}));
  WriteFileAtomically(folder / "token-encoder.onnx", builder.Build("token-encoder").Serialize());
}

/// A disc of one colour on another: photos differ enough that every unit has its own exemplars.
Image Disc(Random& random) {
  constexpr int kWidth = 96;
  constexpr int kHeight = 80;
  Image image{kWidth, kHeight, std::vector<uint8_t>(kWidth * kHeight * 3)};
  const int radius = 8 + static_cast<int>(random.Below(24));
  const int cx = static_cast<int>(random.Below(kWidth));
  const int cy = static_cast<int>(random.Below(kHeight));
  uint8_t colours[2][3];
  for (auto& colour : colours) {
    for (uint8_t& channel : colour) channel = static_cast<uint8_t>(random.Below(256));
  }
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const bool inside = (x - cx) * (x - cx) + (y - cy) * (y - cy) < radius * radius;
      for (int c = 0; c < 3; ++c) {
        image.pixels[(y * kWidth + x) * 3 + c] = colours[inside ? 1 : 0][c];
      }
    }
  }
  return image;
}

void WritePhotos(const Path& folder) {
  CreateFolder(folder);
  Random random(11);
  for (int i = 0; i < 40; ++i) {
    char name[32];
    std::snprintf(name, sizeof(name), "photo-%02d.png", i);
    WriteFileAtomically(folder / name, EncodePng(Disc(random)));
  }
}

}  // namespace
}  // namespace milan

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: milan_cli_fixture FOLDER\n");
    return 2;
  }
  const milan::Path folder = argv[1];
  milan::WriteNetwork(folder / "network.onnx");
  milan::WriteClassifier(folder);
  milan::WritePhotos(folder / "photos");
  milan::WriteTokenEncoder(folder);
  return 0;
}
