#include "milan/captioner/import_checkpoint.h"

#include <array>
#include <filesystem>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/base/parallel.h"
#include "milan/base/random.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/bundle_files.h"
#include "milan/captioner/checkpoint_parts.h"
#include "milan/captioner/region_features.h"
#include "milan/captioner/resnet_encoder.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

constexpr int kSide = 224;  ///< Of the pictures that the original's encoder gets.
constexpr const char* kEncoderPrefix = "encoder.encoder.model.";
constexpr const char* kLanguageModelPrefix = "lm.";

/// Never anything else than a bundle is replaced.
void RefuseFolder(const Path& folder, bool overwrite) {
  if (!fs::exists(folder) || (fs::is_directory(folder) && fs::is_empty(folder))) return;
  if (!fs::exists(folder / "bundle.json")) {
    throw UsageError(folder.string() + ": exists and is not a bundle; choose another folder");
  }
  if (!overwrite) {
    throw UsageError(folder.string() + ": holds a bundle; replace it with --overwrite");
  }
}

/// Three numbers of the encoder: what is subtracted from a picture, and what it is divided by.
Json ColourNumbers(const StateDict& state, const std::string& name) {
  return state.Read(name, {1, 3, 1, 1}).values;
}

Encoder ImportEncoder(const TorchArchive& archive, const StateDict& state, const Path& folder) {
  const auto children = archive.root().At("children");
  const std::string kind = children.At("encoder").AsText();
  if (kind != "PyramidConvEncoder") {
    throw InputError(archive.path().string() + ": its encoder is a " + kind +
                     "; only the PyramidConvEncoder, which the published captioners have, is read");
  }
  const Json sidecar = {{"input",
                         {{"kind", "image"},
                          {"resize", {{"size", {kSide, kSide}}}},
                          {"crop", nullptr},
                          {"scale", 1.0 / 255},
                          {"mean", ColourNumbers(state, "encoder.mean")},
                          {"std", ColourNumbers(state, "encoder.std")}}},
                        {"levels", ResNetLevels()}};
  const Network network = ReadResNet(state, kEncoderPrefix, kSide);
  CreateFolder(folder);
  WriteFileAtomically(folder / "encoder.onnx", network.Serialize());
  WriteJson(folder / "encoder.json", sidecar);
  return Encoder::Open(folder / "encoder.onnx");
}

ImportedLanguageModel ImportLanguageModel(const TorchArchive& archive, const StateDict& state,
                                          const Path& other,
                                          const std::vector<std::string>& words) {
  if (!other.empty()) {
    const TorchArchive file(other);
    return ReadLanguageModel(file.root().At("properties"),
                             StateDict(file, file.root().At("state_dict")), "", words);
  }
  const auto part = archive.root().At("properties").Find("lm");
  if (!part || part->IsNone()) {
    throw InputError(archive.path().string() +
                     ": the decoder was saved without a language model; name one with "
                     "--language-model");
  }
  return ReadLanguageModel(part->At("properties"), state, kLanguageModelPrefix, words);
}

/// A picture with something on every level: a gradient, stripes and a disc, in seeded colours.
Image DrawPicture(Random& random) {
  std::array<std::array<double, 3>, 3> colours{};
  for (auto& colour : colours) {
    for (double& channel : colour) channel = 255 * random.Uniform();
  }
  const double width = 4 + 24 * random.Uniform();
  const double x0 = kSide * random.Uniform();
  const double y0 = kSide * random.Uniform();
  const double radius = 20 + 60 * random.Uniform();
  Image image{kSide, kSide, {}};
  for (int y = 0; y < kSide; ++y) {
    for (int x = 0; x < kSide; ++x) {
      const bool in_disc = (x - x0) * (x - x0) + (y - y0) * (y - y0) < radius * radius;
      const bool in_stripe = static_cast<int>((x + y) / width) % 2 == 0;
      const auto& colour = colours[in_disc ? 2 : (in_stripe ? 1 : 0)];
      for (const double channel : colour) {
        image.pixels.push_back(static_cast<uint8_t>(channel * (0.5 + 0.5 * y / kSide)));
      }
    }
  }
  return image;
}

/// The square of a mask that pools the `number`-th part of a picture; 0 is all of it.
std::vector<uint8_t> DrawMask(int number) {
  constexpr int kPart = kSide / 2;
  std::vector<uint8_t> mask(static_cast<size_t>(kSide) * kSide, number == 0 ? 1 : 0);
  if (number == 0) return mask;
  const int left = (number - 1) % 3 * kPart / 2;
  const int top = (number - 1) / 3 * kPart / 2;
  for (int y = top; y < top + kPart; ++y) {
    std::fill_n(mask.begin() + static_cast<ptrdiff_t>(y) * kSide + left, kPart, uint8_t{1});
  }
  return mask;
}

/// Region features of drawn pictures under different masks: units to choose the self-test's from.
std::vector<Array> DrawUnits(const Encoder& encoder, Progress& progress) {
  constexpr int64_t kExemplars = 15;
  constexpr int kMasks = 10;
  const auto size = static_cast<size_t>(encoder.feature_size());
  std::vector<Array> units(
      kMasks, Array{{kExemplars, encoder.feature_size()}, std::vector<float>(kExemplars * size)});
  Random random(1);
  progress.Begin("self-test", kExemplars, "pictures");
  for (int64_t rank = 0; rank < kExemplars; ++rank) {
    ThrowIfCancelled(progress);
    encoder.Run(DrawPicture(random), [&](std::span<const ArrayView> levels) {
      for (int number = 0; number < kMasks; ++number) {
        const auto row = std::span(units[static_cast<size_t>(number)].values)
                             .subspan(static_cast<size_t>(rank) * size, size);
        PoolLevels(levels, DrawMask(number), kSide, kSide, row);
      }
    });
    progress.Update(rank + 1);
  }
  progress.End();
  return units;
}

/// The unit whose description leads by most: the last to change with another machine's rounding.
Array ChooseSelfTest(const Captioner& captioner, std::vector<Array> units) {
  size_t best = 0;
  double widest = -1;
  for (size_t i = 0; i < units.size(); ++i) {
    const double margin = RunSelfTest(captioner, units[i]).margin;
    if (margin <= widest) continue;
    widest = margin;
    best = i;
  }
  return std::move(units[best]);
}

Json ProvenanceOf(const Path& checkpoint, const CheckpointOptions& options,
                  const CheckpointSettings& settings) {
  Json provenance = {{"imported_from", checkpoint.filename().string()},
                     {"hash", HashFile(checkpoint)},
                     {"encoder", settings.encoder},
                     {"strategy", settings.strategy},
                     {"beam_size", settings.beam_size},
                     {"length", settings.length},
                     {"temperature", settings.temperature}};
  if (!options.language_model.empty()) {
    provenance["language_model"] = {{"imported_from", options.language_model.filename().string()},
                                    {"hash", HashFile(options.language_model)}};
  }
  return provenance;
}

void WarnOfSettings(const CheckpointSettings& settings, Progress& progress) {
  const SearchOptions defaults;
  if (settings.strategy == "rerank" && settings.temperature == defaults.pmi_weight &&
      settings.beam_size == defaults.beam_size && settings.length == defaults.length) {
    return;
  }
  progress.Warn("the checkpoint was saved to describe by '" + settings.strategy + "', beam " +
                std::to_string(settings.beam_size) + ", temperature " +
                std::to_string(settings.temperature) + ", length " +
                std::to_string(settings.length) +
                "; milan reranks: choose these with the options of `milan describe`");
}

/// All that a bundle needs besides its encoder.
struct ImportedParts {
  ImportedDecoder decoder;
  ImportedLanguageModel language_model;
};

ImportedParts ReadParts(const TorchArchive& archive, const StateDict& state,
                        const CheckpointOptions& options, Progress& progress) {
  ImportedParts parts{ReadDecoder(archive, state), {}};
  parts.language_model =
      ImportLanguageModel(archive, state, options.language_model, parts.decoder.words);
  if (parts.language_model.was_reordered) {
    progress.Warn(
        "the language model orders its words in another way than the decoder; it was put right "
        "(the original would score other words)");
  }
  WarnOfSettings(parts.decoder.settings, progress);
  return parts;
}

}  // namespace

void ImportCheckpoint(const Path& checkpoint, const Path& folder, const CheckpointOptions& options,
                      Progress& progress) {
  RefuseFolder(folder, options.overwrite);
  const TorchArchive archive(checkpoint);
  const StateDict state(archive, archive.root().At("state_dict"));
  UseThreads(options.workers > 0 ? options.workers : DefaultWorkers());
  const ImportedParts parts = ReadParts(archive, state, options, progress);
  const ImportedDecoder& decoder = parts.decoder;
  // While its parts change the bundle is not one.
  std::error_code ignored;
  fs::remove(folder / "bundle.json", ignored);
  const Encoder encoder = ImportEncoder(archive, state, folder);
  if (encoder.feature_size() != decoder.sizes.features) {
    throw InputError(checkpoint.string() + ": the encoder gives " +
                     std::to_string(encoder.feature_size()) + " features, the decoder takes " +
                     std::to_string(decoder.sizes.features));
  }
  BundleManifest manifest;
  manifest.name = options.name.empty() ? checkpoint.stem().string() : options.name;
  manifest.words = decoder.words;
  manifest.decoder = decoder.sizes;
  manifest.language_model = parts.language_model.sizes;
  manifest.training = ToText(ProvenanceOf(checkpoint, options, decoder.settings));
  const Captioner captioner(Vocabulary::FromTokens(decoder.words), decoder.decoder.ptr(),
                            parts.language_model.language_model);
  WriteBundleFiles(folder, captioner, encoder,
                   ChooseSelfTest(captioner, DrawUnits(encoder, progress)), options.as_half);
  const SelfTestResult self_test =
      RunSelfTest(ReadCaptioner(folder, manifest), ReadSelfTestFeatures(folder));
  manifest.self_test_description = self_test.description;
  manifest.self_test_pmi = self_test.pmi;
  WriteBundleManifest(folder, manifest);
}

}  // namespace milan
