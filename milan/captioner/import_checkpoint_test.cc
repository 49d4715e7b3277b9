#include "milan/captioner/import_checkpoint.h"

#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "milan/base/random.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/bundle_files.h"
#include "milan/captioner/reference_captioner.h"
#include "milan/captioner/region_features.h"
#include "milan/captioner/resnet_encoder.h"
#include "milan/text/tokenizer.h"
#include "tests/support/torch_file.h"

namespace milan {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using NamedArrays = std::map<std::string, Array>;

class Warnings final : public Progress {
 public:
  void Begin(const std::string&, int64_t, const std::string&) override {}
  void Update(int64_t) override {}
  void Note(const std::string&) override {}
  void End() override {}
  void Warn(const std::string& text) override { texts.push_back(text); }
  bool Cancelled() const override { return false; }
  std::vector<std::string> texts;
};

/// NamedArrays as the original would save them, with seeded values.
class Maker {
 public:
  void Add(const std::string& name, const Shape& shape, double least = -0.5, double most = 0.5) {
    Array array{shape, {}};
    for (int64_t i = 0; i < ElementCount(shape); ++i) {
      array.values.push_back(static_cast<float>(least + (most - least) * random_.Uniform()));
    }
    tensors[name] = array;
  }
  void AddNorm(const std::string& name, int64_t channels) {
    Add(name + ".weight", {channels}, 0.5, 1.5);
    Add(name + ".bias", {channels});
    Add(name + ".running_mean", {channels});
    Add(name + ".running_var", {channels}, 0.5, 1.5);
  }
  /// A ResNet of two blocks per group, 3 channels wide (bottlenecks: 2 inside).
  void AddResNet(const std::string& prefix, bool bottlenecks) {
    Add(prefix + "conv1.weight", {4, 3, 7, 7});
    AddNorm(prefix + "bn1", 4);
    int64_t in = 4;
    for (int group = 1; group <= 4; ++group) {
      for (int block = 0; block < 2; ++block) {
        const std::string name =
            prefix + "layer" + std::to_string(group) + "." + std::to_string(block);
        AddBlock(name, in, bottlenecks, block == 0);
        in = 3;
      }
    }
  }
  void AddBlock(const std::string& name, int64_t in, bool is_bottleneck, bool is_first) {
    const std::vector<Shape> shapes =
        is_bottleneck ? std::vector<Shape>{{2, in, 1, 1}, {2, 2, 3, 3}, {3, 2, 1, 1}}
                      : std::vector<Shape>{{3, in, 3, 3}, {3, 3, 3, 3}};
    for (size_t i = 0; i < shapes.size(); ++i) {
      const std::string number = std::to_string(i + 1);
      Add(name + ".conv" + number + ".weight", shapes[i]);
      AddNorm(name + ".bn" + number, shapes[i][0]);
    }
    if (!is_first) return;
    Add(name + ".downsample.0.weight", {3, in, 1, 1});
    AddNorm(name + ".downsample.1", 3);
  }
  void AddLinear(const std::string& name, int64_t in, int64_t out) {
    Add(name + ".weight", {out, in});
    Add(name + ".bias", {out});
  }
  void AddDecoder(int64_t vocabulary, int64_t features) {
    constexpr int64_t kHidden = 5;
    AddLinear("init_h.0", features, kHidden);
    AddLinear("init_c.0", features, kHidden);
    Add("embedding.weight", {vocabulary, 6});
    AddLinear("attend.query_to_hidden", kHidden, 4);
    AddLinear("attend.key_to_hidden", features, 4);
    AddLinear("attend.output.0", 4, 1);
    AddLinear("feature_gate.0", kHidden, features);
    Add("lstm.weight_ih", {4 * kHidden, 6 + features});
    Add("lstm.weight_hh", {4 * kHidden, kHidden});
    Add("lstm.bias_ih", {4 * kHidden});
    Add("lstm.bias_hh", {4 * kHidden});
    AddLinear("output.1", kHidden, vocabulary);
  }
  void AddLanguageModel(const std::string& prefix, int64_t vocabulary) {
    constexpr int64_t kHidden = 3;
    Add(prefix + "embedding.weight", {vocabulary, 4});
    for (int layer = 0; layer < 2; ++layer) {
      const std::string end = "_l" + std::to_string(layer);
      Add(prefix + "lstm.weight_ih" + end, {4 * kHidden, layer == 0 ? 4 : kHidden});
      Add(prefix + "lstm.weight_hh" + end, {4 * kHidden, kHidden});
      Add(prefix + "lstm.bias_ih" + end, {4 * kHidden});
      Add(prefix + "lstm.bias_hh" + end, {4 * kHidden});
    }
    AddLinear(prefix + "output.0", kHidden, vocabulary);
  }

  NamedArrays tensors;

 private:
  Random random_{7};
};

using T = TorchFile;

std::string Indexer(const std::vector<std::string>& words) {
  std::vector<std::string> tokens;
  for (const std::string& word : words) tokens.push_back(T::Text(word));
  const std::string vocab = T::Dict({{"properties", T::Dict({{"tokens", T::Tuple(tokens)}})}});
  return T::Dict({{"properties", T::Dict({{"vocab", vocab},
                                          {"start", T::Bool(true)},
                                          {"stop", T::Bool(true)},
                                          {"pad", T::Bool(true)},
                                          {"unk", T::Bool(true)}})}});
}

std::vector<std::string> Words() {
  std::vector<std::string> words;
  for (int i = 0; i < 60; ++i) words.push_back("word" + std::to_string(i));
  return words;
}

/// A tiny captioner of the original, to be written with changes.
struct Checkpoint {
  NamedArrays tensors;
  std::vector<std::string> words = Words();
  std::vector<std::string> language_model_words = Words();
  bool has_language_model = true;
  std::string strategy = "rerank";
  std::string encoder = "PyramidConvEncoder";

  Checkpoint() {
    Maker maker;
    maker.AddResNet("encoder.encoder.model.", true);
    maker.Add("encoder.mean", {1, 3, 1, 1}, 0.4, 0.5);
    maker.Add("encoder.std", {1, 3, 1, 1}, 0.2, 0.3);
    maker.AddDecoder(64, 4 + 4 * 3);
    maker.AddLanguageModel("lm.", 64);
    tensors = maker.tensors;
  }
  void Write(const Path& path) const {
    TorchFile file;
    T::Members state;
    for (const auto& [name, array] : tensors) {
      if (has_language_model || !name.starts_with("lm."))
        state.emplace_back(name, file.Tensor(array));
    }
    const std::string language_model =
        T::Dict({{"properties", T::Dict({{"indexer", Indexer(language_model_words)}})}});
    const std::string encoder_properties =
        T::Dict({{"properties", T::Dict({{"config", T::Text("resnet50")}})}});
    file.Write(
        path,
        T::Dict({{"properties", T::Dict({{"indexer", Indexer(words)},
                                         {"encoder", encoder_properties},
                                         {"lm", has_language_model ? language_model : T::None()},
                                         {"strategy", T::Text(strategy)},
                                         {"temperature", T::Real(0.2)},
                                         {"beam_size", T::Integer(50)},
                                         {"length", T::Integer(15)}})},
                 {"children", T::Dict({{"encoder", T::Text(encoder)}})},
                 {"state_dict", T::Dict(state)}}));
  }
};

class ImportCheckpointTest : public testing::Test {
 protected:
  void Import(const Checkpoint& checkpoint, const CheckpointOptions& options = {}) {
    checkpoint.Write(file_);
    ImportCheckpoint(file_, bundle_, options, progress_);
  }
  std::string FailureOf(const Checkpoint& checkpoint, const CheckpointOptions& options = {}) {
    try {
      Import(checkpoint, options);
    } catch (const Error& error) {
      EXPECT_NE(error.kind(), ErrorKind::kInternal) << error.what();
      EXPECT_FALSE(fs::exists(bundle_ / "bundle.json"));
      return error.what();
    }
    return "no error";
  }

  const TemporaryFolder folder_;
  const Path file_ = folder_ / "milan-tiny.pth";
  const Path bundle_ = folder_ / "bundle";
  Warnings progress_;
};

TEST_F(ImportCheckpointTest, MakesABundleThatOpens) {
  const Checkpoint checkpoint;
  Import(checkpoint);
  const Bundle bundle = Bundle::Open(bundle_);
  EXPECT_EQ(bundle.name(), "milan-tiny");
  EXPECT_EQ(bundle.captioner().vocabulary().words(), Words());
  EXPECT_EQ(bundle.encoder().levels(), ResNetLevels());
  EXPECT_EQ(bundle.encoder().feature_size(), 16);
  const auto weights = bundle.captioner().decoder()->named_parameters();
  const Array embedding = ToArray(weights["embedding.weight"]);
  EXPECT_EQ(embedding.values, checkpoint.tensors.at("embedding.weight").values) << "bit for bit";
  const Json training = ReadJson(bundle_ / "bundle.json").at("training");
  EXPECT_EQ(training.at("imported_from"), "milan-tiny.pth");
  EXPECT_EQ(training.at("encoder"), "resnet50");
  const auto mean = ReadJson(bundle_ / "encoder.json").at("input").at("mean");
  EXPECT_FLOAT_EQ(mean.at(2).get<float>(), checkpoint.tensors.at("encoder.mean").values[2]);
  EXPECT_THAT(progress_.texts, SizeIs(0));
}

TEST_F(ImportCheckpointTest, HalfPrecisionIsHalfTheSize) {
  Import({});
  const auto whole = fs::file_size(bundle_ / "weights.safetensors");
  CheckpointOptions options;
  options.overwrite = true;
  options.as_half = true;
  options.name = "small";
  Import({}, options);
  EXPECT_LT(fs::file_size(bundle_ / "weights.safetensors"), 0.7 * static_cast<double>(whole));
  EXPECT_EQ(Bundle::Open(bundle_).name(), "small");
}

TEST_F(ImportCheckpointTest, ALanguageModelWithWordsInAnotherOrderIsPutRight) {
  Checkpoint checkpoint;
  Import(checkpoint);
  const std::vector<std::vector<int>> sentence = {{3, 40, 59, 61}};
  auto expected = Bundle::Open(bundle_).captioner().language_model();
  const double score = expected->Score(sentence, 60).at(0);
  // The same model, with its words the other way round.
  std::reverse(checkpoint.language_model_words.begin(), checkpoint.language_model_words.end());
  for (const char* name : {"lm.embedding.weight", "lm.output.0.weight", "lm.output.0.bias"}) {
    Array& array = checkpoint.tensors.at(name);
    const size_t row = array.values.size() / 64;
    const std::vector<float> old = array.values;
    for (size_t i = 0; i < 60 * row; ++i) {
      array.values[i] = old[(59 - i / row) * row + i % row];
    }
  }
  CheckpointOptions options;
  options.overwrite = true;
  Import(checkpoint, options);
  EXPECT_THAT(progress_.texts, testing::ElementsAre(HasSubstr("put right")));
  auto found = Bundle::Open(bundle_).captioner().language_model();
  EXPECT_NEAR(found->Score(sentence, 60).at(0), score, 1e-5);
}

TEST_F(ImportCheckpointTest, ALanguageModelMayLieInAFileOfItsOwn) {
  Checkpoint checkpoint;
  checkpoint.has_language_model = false;
  EXPECT_THAT(FailureOf(checkpoint), HasSubstr("--language-model"));
  TorchFile file;
  T::Members state;
  for (const auto& [name, array] : checkpoint.tensors) {
    if (name.starts_with("lm.")) state.emplace_back(name.substr(3), file.Tensor(array));
  }
  CheckpointOptions options;
  options.language_model = folder_ / "lm.pth";
  file.Write(options.language_model,
             T::Dict({{"properties", T::Dict({{"indexer", Indexer(Words())}})},
                      {"state_dict", T::Dict(state)}}));
  Import(checkpoint, options);
  const auto weights = Bundle::Open(bundle_).captioner().language_model()->named_parameters();
  EXPECT_EQ(ToArray(weights["output.0.bias"]).values,
            checkpoint.tensors.at("lm.output.0.bias").values);
}

TEST_F(ImportCheckpointTest, WhatDoesNotFitIsNamed) {
  Checkpoint checkpoint;
  checkpoint.language_model_words[7] = "other";
  EXPECT_THAT(FailureOf(checkpoint), AllOf(HasSubstr("word7"), HasSubstr("not the same")));
  checkpoint = Checkpoint();
  checkpoint.words[1] = "word0";
  EXPECT_THAT(FailureOf(checkpoint), HasSubstr("'word0' occurs twice"));
  checkpoint = Checkpoint();
  checkpoint.encoder = "SpatialConvEncoder";
  EXPECT_THAT(FailureOf(checkpoint), HasSubstr("SpatialConvEncoder"));
  for (const std::string name : {"init_h.0.weight", "lstm.weight_ih", "output.1.weight",
                                 "lm.lstm.weight_ih_l1", "encoder.encoder.model.bn1.bias",
                                 "encoder.encoder.model.layer2.0.bn3.running_var", "encoder.std"}) {
    checkpoint = Checkpoint();
    Array& array = checkpoint.tensors.at(name);
    array.shape[0] += 1;
    array.values.resize(static_cast<size_t>(ElementCount(array.shape)));
    EXPECT_THAT(FailureOf(checkpoint), AllOf(HasSubstr(name), HasSubstr("milan-tiny.pth")));
    checkpoint.tensors.erase(name);
    EXPECT_THAT(FailureOf(checkpoint), AllOf(HasSubstr(name), HasSubstr("no tensor")));
  }
  checkpoint = Checkpoint();
  std::erase_if(checkpoint.tensors, [](const auto& item) {
    return item.first.starts_with("encoder.encoder.model.layer3.");
  });
  EXPECT_THAT(FailureOf(checkpoint), HasSubstr("ResNet"));
}

TEST_F(ImportCheckpointTest, OnlyBundlesAreReplacedAndOnlyWhenAsked) {
  Import({});
  CheckpointOptions options;
  EXPECT_THROW(Import({}, options), Error);
  const std::string before = ReadFile(bundle_ / "bundle.json");
  EXPECT_EQ(ReadFile(bundle_ / "bundle.json"), before);
  fs::remove(bundle_ / "bundle.json");
  options.overwrite = true;
  EXPECT_THAT(FailureOf({}, options), HasSubstr("not a bundle"));
}

TEST_F(ImportCheckpointTest, OtherWaysToDescribeAreWarnedOf) {
  Checkpoint checkpoint;
  checkpoint.strategy = "greedy";
  Import(checkpoint);
  EXPECT_THAT(progress_.texts, testing::ElementsAre(HasSubstr("'greedy'")));
}

/// The network as torch computes it.
class TorchResNet {
 public:
  explicit TorchResNet(const NamedArrays& tensors) : tensors_(tensors) {}

  std::vector<torch::Tensor> Levels(const torch::Tensor& input) {
    std::vector<torch::Tensor> levels = {Conv("conv1", input, 2)};
    torch::Tensor x = torch::max_pool2d(torch::relu(Norm("bn1", levels[0])), 3, 2, 1);
    for (int group = 1; group <= 4; ++group) {
      for (int block = 0; block < 2; ++block) {
        x = Block("layer" + std::to_string(group) + "." + std::to_string(block), x,
                  group > 1 && block == 0 ? 2 : 1);
      }
      levels.push_back(x);
    }
    return levels;
  }

 private:
  torch::Tensor At(const std::string& name) { return ToTensor(tensors_.at(name).View()); }
  torch::Tensor Conv(const std::string& name, const torch::Tensor& x, int64_t stride) {
    const torch::Tensor weight = At(name + ".weight");
    return torch::conv2d(x, weight, {}, stride, weight.size(2) / 2);
  }
  torch::Tensor Norm(const std::string& name, const torch::Tensor& x) {
    return torch::batch_norm(x, At(name + ".weight"), At(name + ".bias"),
                             At(name + ".running_mean"), At(name + ".running_var"), false, 0.1,
                             1e-5, false);
  }
  torch::Tensor Block(const std::string& name, const torch::Tensor& x, int64_t stride) {
    const bool is_bottleneck = tensors_.contains(name + ".conv3.weight");
    torch::Tensor y = Norm(name + ".bn1", Conv(name + ".conv1", x, is_bottleneck ? 1 : stride));
    y = Norm(name + ".bn2", Conv(name + ".conv2", torch::relu(y), is_bottleneck ? stride : 1));
    if (is_bottleneck) y = Norm(name + ".bn3", Conv(name + ".conv3", torch::relu(y), 1));
    if (!tensors_.contains(name + ".downsample.0.weight")) return torch::relu(y + x);
    return torch::relu(y + Norm(name + ".downsample.1", Conv(name + ".downsample.0", x, stride)));
  }

  const NamedArrays& tensors_;
};

TEST(ResNetEncoder, ComputesWhatTorchComputes) {
  const TemporaryFolder folder;
  for (const bool bottlenecks : {false, true}) {
    Maker maker;
    maker.AddResNet("", bottlenecks);
    TorchFile file;
    T::Members state;
    for (const auto& [name, array] : maker.tensors) state.emplace_back(name, file.Tensor(array));
    file.Write(folder / "resnet.pth", T::Dict(state));
    const TorchArchive archive(folder / "resnet.pth");
    const Network network = ReadResNet(StateDict(archive, archive.root()), "", 64);
    const auto engine = CreateEngine(network.Tap(ResNetLevels()));
    const torch::Tensor input = torch::rand({1, 3, 64, 64});
    const auto expected = TorchResNet(maker.tensors).Levels(input);
    const Array values = ToArray(input);
    const ArrayView view = values.View();
    engine->Run({&view, 1}, [&](std::span<const ArrayView> levels) {
      ASSERT_EQ(levels.size(), expected.size());
      for (size_t i = 0; i < levels.size(); ++i) {
        ASSERT_EQ(levels[i].shape, expected[i].sizes().vec());
        const double largest = expected[i].abs().max().item<double>();
        EXPECT_GT(largest, 1e-3) << "level " << i << " says nothing";
        EXPECT_LT((ToTensor(levels[i]) - expected[i]).abs().max().item<double>(), 1e-5 * largest);
      }
    });
  }
}

std::string ReadGzipped(const Path& path) {
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  std::string content;
  std::vector<char> piece(1 << 20);
  for (int size = 1; file && size > 0;) {
    size = gzread(file.get(), piece.data(), static_cast<unsigned>(piece.size()));
    if (size > 0) content.append(piece.data(), static_cast<size_t>(size));
  }
  return content;
}

/// The 12 x 15 features of the parity data's sets, by an imported encoder.
torch::Tensor FeaturesOfSets(const Encoder& encoder) {
  const NpzArrays sets = ReadNpz(milan::CaptionerParity("sets.npz"));
  const std::vector<int64_t> images = sets.at("image_index").AsIntegers();
  const NpyArray& packed = sets.at("masks_packed");
  constexpr size_t kPixels = size_t{224} * 224;
  constexpr int64_t kCrops = 18;
  Array features{{12, 15, encoder.feature_size()}, {}};
  const auto size = static_cast<size_t>(encoder.feature_size());
  features.values.resize(images.size() * size);
  for (int64_t crop = 0; crop < kCrops; ++crop) {
    const std::string name = (crop < 10 ? "0" : "") + std::to_string(crop) + ".png";
    const std::string png = ReadFile(milan::CaptionerParity("crops") / name);
    const DecodeResult picture = Decode(std::as_bytes(std::span(png)));
    encoder.Run(picture.image, [&](std::span<const ArrayView> levels) {
      for (size_t i = 0; i < images.size(); ++i) {
        if (images[i] != crop) continue;
        std::vector<uint8_t> mask(kPixels);
        for (size_t bit = 0; bit < kPixels; ++bit) {
          const auto byte = std::to_integer<unsigned>(packed.bytes[(i * kPixels + bit) / 8]);
          mask[bit] = byte >> (7 - bit % 8) & 1;
        }
        PoolLevels(levels, mask, 224, 224, std::span(features.values).subspan(i * size, size));
      }
    });
  }
  return ToTensor(features.View());
}

TEST(ImportCheckpoint, DescribesAsTheReferenceDoes) {
  MILAN_NEEDS_SHARED_DATA();
  const TemporaryFolder folder;
  const Path file = folder / "decoder.pth";
  WriteFileAtomically(file, ReadGzipped(milan::CaptionerParity("decoder.pth.gz")));
  Warnings progress;
  ImportCheckpoint(file, folder / "bundle", {}, progress);
  EXPECT_THAT(progress.texts, SizeIs(0));
  const Bundle bundle = Bundle::Open(folder / "bundle");
  const torch::Tensor features = FeaturesOfSets(bundle.encoder());
  const torch::Tensor expected_features = ReferenceFeatures();
  EXPECT_LT((features - expected_features).abs().max().item<double>(), 1e-4);

  const NpzArrays expected = ReadNpz(milan::CaptionerParity("decoder_expected.npz"));
  const auto ranked = bundle.captioner().Rerank(features, {});
  const std::vector<float> scores = expected.at("rerank_t0.2.scores_correct").AsFloats();
  const std::vector<int64_t> choice = expected.at("rerank_t0.2.choice_correct").AsIntegers();
  const std::vector<int64_t> beams = expected.at("rerank.beam_tokens").AsIntegers();
  const Vocabulary& vocabulary = bundle.captioner().vocabulary();
  for (size_t set = 0; set < 12; ++set) {
    const auto first =
        beams.begin() + static_cast<ptrdiff_t>((set * 50 + static_cast<size_t>(choice[set])) * 15);
    const std::vector<int> tokens(first, first + 15);
    EXPECT_EQ(ReferenceDetokenize(vocabulary.Words(ranked[set][0].tokens)),
              ReferenceDetokenize(vocabulary.Words(tokens)));
    EXPECT_NEAR(ranked[set][0].pmi, scores[set], 1e-3);
  }
}

}  // namespace
}  // namespace milan
