#include "milan/captioner/bundle_files.h"

#include <array>
#include <filesystem>
#include <set>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/base/version.h"
#include "milan/captioner/decoder.h"
#include "milan/captioner/set_decoder.h"
#include "milan/captioner/torch_tensors.h"

namespace milan {
namespace {

constexpr const char* kFormat = "milan-bundle";
/// 2: architectures besides the paper's. 3: a word predictor, without which descriptions are
/// others.
constexpr int kNewestVersion = 3;
constexpr const char* kManifest = "bundle.json";
constexpr const char* kWeights = "weights.safetensors";
constexpr const char* kEncoder = "encoder.onnx";
constexpr const char* kEncoderSidecar = "encoder.json";
constexpr std::array kFiles = {kWeights, kEncoder, kEncoderSidecar};
constexpr std::array kConfidenceFiles = {kConfidence, kConfidenceTensors};
constexpr const char* kLanguageModel = "lm.";
constexpr const char* kWordPredictor = "words.";
constexpr const char* kSelfTestFeatures = "self_test.features";

Json SizesToJson(const BundleManifest& manifest) {
  Json json = {{"features", FeaturesOf(manifest.decoder)},
               {"language_model_embedding", manifest.language_model.embedding},
               {"language_model_hidden", manifest.language_model.hidden},
               {"language_model_layers", manifest.language_model.layers}};
  if (const auto* milan = std::get_if<DecoderSizes>(&manifest.decoder)) {
    json.update({{"embedding", milan->embedding},
                 {"hidden", milan->hidden},
                 {"attention", milan->attention}});
  } else {
    const auto& set = std::get<SetDecoderSizes>(manifest.decoder);
    json.update({{"hidden", set.hidden},
                 {"width", set.width},
                 {"heads", set.heads},
                 {"set_blocks", set.set_blocks},
                 {"word_blocks", set.word_blocks},
                 {"length", set.length}});
  }
  return json;
}

/// A size of a module; bounded so that a broken manifest cannot ask for all of the memory.
int64_t GetSize(const Json& sizes, const std::string& key, const std::string& name) {
  constexpr int64_t kLargest = 1 << 20;
  const auto size = Get<int64_t>(sizes, key, name);
  if (size < 1 || size > kLargest) {
    throw InputError(name + ": member '" + key + "' must be in 1.." + std::to_string(kLargest));
  }
  return size;
}

void ReadSizes(const Json& json, const std::string& name, BundleManifest& manifest) {
  const Json sizes = Get<Json>(json, "sizes", name);
  const Vocabulary vocabulary = Vocabulary::FromTokens(manifest.words);
  const auto size = [&](const std::string& key) { return GetSize(sizes, key, name); };
  const auto architecture = GetOr<std::string>(json, "architecture", kPaperArchitecture, name);
  if (architecture == kPaperArchitecture) {
    manifest.decoder = DecoderSizes{vocabulary.size(), size("features"), size("embedding"),
                                    size("hidden"), size("attention")};
  } else if (architecture == kSetArchitecture) {
    manifest.decoder =
        SetDecoderSizes{vocabulary.size(), size("features"),   size("hidden"),      size("width"),
                        size("heads"),     size("set_blocks"), size("word_blocks"), size("length")};
    if (size("width") % size("heads") != 0) {
      throw InputError(name + ": member 'heads' must divide 'width'");
    }
  } else {
    throw InputError(name + ": this milan knows no architecture '" + architecture + "'");
  }
  manifest.language_model = {
      vocabulary.size(), vocabulary.pad(), GetSize(sizes, "language_model_embedding", name),
      GetSize(sizes, "language_model_hidden", name), GetSize(sizes, "language_model_layers", name)};
}

/// The oldest version that can say it, for older readers.
int VersionOf(const BundleManifest& manifest) {
  if (!manifest.predicted_words.empty()) return kNewestVersion;
  return ArchitectureOf(manifest.decoder) == kPaperArchitecture ? 1 : 2;
}

void CheckFormat(const Json& json, const std::string& name) {
  if (GetOr<std::string>(json, "format", "", name) != kFormat) {
    throw InputError(name + ": not a bundle (member 'format' is not '" + kFormat + "')");
  }
  const int version = Get<int>(json, "version", name);
  if (version < 1 || version > kNewestVersion) {
    throw InputError(name + ": bundle format version " + std::to_string(version) +
                     "; this milan reads versions 1 to " + std::to_string(kNewestVersion));
  }
}

void CheckHash(const Path& path, const std::string& expected) {
  if (HashFile(path) != expected) {
    throw InputError(path.string() +
                     ": differs from the hash in bundle.json; the file was changed or damaged");
  }
}

void CheckHashes(const Path& folder, const Json& json, const std::string& name) {
  const Json files = Get<Json>(json, "files", name);
  for (const char* file : kFiles) CheckHash(folder / file, Get<std::string>(files, file, name));
  if (!files.contains(kConfidence)) return;
  for (const char* file : kConfidenceFiles) {
    CheckHash(folder / file, Get<std::string>(files, file, name));
  }
}

}  // namespace

SelfTestResult RunSelfTest(const Captioner& captioner, const Array& features) {
  const torch::Tensor unit = ToTensor(features.View()).unsqueeze(0);
  const std::vector<Candidate> candidates = captioner.Rerank(unit, SearchOptions()).at(0);
  const double second = candidates.size() > 1 ? candidates[1].pmi : candidates[0].pmi - 1;
  return {captioner.Text(candidates[0]), candidates[0].pmi, candidates[0].pmi - second};
}

void WriteBundleFiles(const Path& folder, const Captioner& captioner, const Encoder& encoder,
                      const Array& self_test_features, bool as_half) {
  CreateFolder(folder);
  // While its parts change the bundle is not one.
  std::error_code ignored;
  std::filesystem::remove(folder / kManifest, ignored);
  // A calibration is one of this very captioner.
  for (const char* file : kConfidenceFiles) std::filesystem::remove(folder / file, ignored);
  SafetensorsWriter weights;
  AddModule(weights, "", *captioner.decoder(), as_half);
  AddModule(weights, kLanguageModel, *captioner.language_model(), as_half);
  if (!captioner.word_predictor().is_empty()) {
    AddModule(weights, kWordPredictor, *captioner.word_predictor(), as_half);
  }
  weights.Add<float>(kSelfTestFeatures, self_test_features.shape, self_test_features.values);
  weights.Write(folder / kWeights);
  encoder.Save(folder / kEncoder);
}

void WriteBundleManifest(const Path& folder, const BundleManifest& manifest) {
  Json files;
  for (const char* file : kFiles) files[file] = HashFile(folder / file);
  const std::string architecture = ArchitectureOf(manifest.decoder);
  Json json = {{"format", kFormat},
               {"version", VersionOf(manifest)},
               {"architecture", architecture},
               {"name", manifest.name},
               {"milan_version", Version()},
               {"files", files},
               {"sizes", SizesToJson(manifest)},
               {"scores", manifest.scores},
               {"training", ParseJson(manifest.training, "training")},
               {"self_test",
                {{"features", kSelfTestFeatures},
                 {"description", manifest.self_test_description},
                 {"pmi", manifest.self_test_pmi}}},
               {"vocabulary", manifest.words}};
  if (!manifest.predicted_words.empty()) json["predicted_words"] = manifest.predicted_words;
  WriteJson(folder / kManifest, json);
}

BundleManifest ReadBundleManifest(const Path& folder) {
  const Path path = folder / kManifest;
  const std::string name = path.string();
  if (!std::filesystem::exists(path)) {
    throw InputError(folder.string() + ": not a bundle (no " + kManifest + " in it)");
  }
  const Json json = ReadJson(path);
  CheckFormat(json, name);
  CheckHashes(folder, json, name);
  BundleManifest manifest;
  manifest.name = Get<std::string>(json, "name", name);
  manifest.words = Get<std::vector<std::string>>(json, "vocabulary", name);
  ReadSizes(json, name, manifest);
  manifest.predicted_words = GetOr<std::vector<std::string>>(json, "predicted_words", {}, name);
  manifest.scores = GetOr<std::map<std::string, double>>(json, "scores", {}, name);
  manifest.training = ToText(GetOr<Json>(json, "training", Json::object(), name));
  const Json self_test = Get<Json>(json, "self_test", name);
  manifest.self_test_description = Get<std::string>(self_test, "description", name);
  manifest.self_test_pmi = Get<double>(self_test, "pmi", name);
  return manifest;
}

std::shared_ptr<TextDecoder> MakeDecoder(const AnyDecoderSizes& sizes) {
  std::shared_ptr<TextDecoder> decoder;
  if (const auto* milan = std::get_if<DecoderSizes>(&sizes)) {
    constexpr double kNoDropout = 0;
    decoder = std::make_shared<DecoderImpl>(*milan, kNoDropout);
  } else {
    decoder = std::make_shared<SetDecoderImpl>(std::get<SetDecoderSizes>(sizes));
  }
  decoder->eval();
  return decoder;
}

namespace {

/// The bundle's word predictor, or none. The self-test does not ask it, so its tensors are examined
/// here.
WordPredictor ReadWordPredictor(const SafetensorsFile& file, const BundleManifest& manifest) {
  const std::string weights = std::string(kWordPredictor) + "weights";
  const auto fail = [&](const std::string& what) {
    return InputError(file.path().string() + ": the word predictor (" + kWordPredictor + "*) " +
                      what);
  };
  const std::vector<std::string>& words = manifest.predicted_words;
  if (file.Contains(weights) != !words.empty()) {
    throw fail("and the member 'predicted_words' of " + std::string(kManifest) +
               " do not go together");
  }
  if (words.empty()) return nullptr;
  // Before room is made for that many words.
  const Shape shape = {FeaturesOf(manifest.decoder), static_cast<int64_t>(words.size())};
  if (file.At(weights).shape != shape) {
    throw fail("has the shape " + ToString(file.At(weights).shape) + " instead of " +
               ToString(shape));
  }
  if (std::set<std::string>(words.begin(), words.end()).size() != words.size()) {
    throw fail("has a word twice");
  }
  WordPredictor predictor(words, shape[0]);
  LoadModule(file, kWordPredictor, *predictor);
  if (!predictor->IsSound()) throw fail("has values that are not finite or not positive");
  return predictor;
}

}  // namespace

Captioner ReadCaptioner(const Path& folder, const BundleManifest& manifest) {
  const SafetensorsFile weights(folder / kWeights);
  const std::shared_ptr<TextDecoder> decoder = MakeDecoder(manifest.decoder);
  constexpr double kNoDropout = 0;
  LanguageModel language_model(manifest.language_model, kNoDropout);
  LoadModule(weights, "", *decoder);
  LoadModule(weights, kLanguageModel, *language_model);
  return {Vocabulary::FromTokens(manifest.words), decoder, std::move(language_model),
          ReadWordPredictor(weights, manifest)};
}

Array ReadSelfTestFeatures(const Path& folder) {
  const SafetensorsFile weights(folder / kWeights);
  const TensorView& features = weights.At(kSelfTestFeatures);
  return {features.shape, features.AsFloats()};
}

bool ListsConfidenceFiles(const Path& folder) {
  const Path path = folder / kManifest;
  return Get<Json>(ReadJson(path), "files", path.string()).contains(kConfidence);
}

void ListConfidenceFiles(const Path& folder, bool are_listed) {
  const Path path = folder / kManifest;
  Json json = ReadJson(path);
  Json& files = json["files"];
  for (const char* file : kConfidenceFiles) {
    if (are_listed) {
      files[file] = HashFile(folder / file);
    } else {
      files.erase(file);
    }
  }
  WriteJson(path, json);
}

std::string HashBundle(const Path& folder) {
  std::string hashes = HashFile(folder / kManifest);
  for (const char* file : kFiles) hashes += HashFile(folder / file);
  return HashText(hashes);
}

}  // namespace milan
