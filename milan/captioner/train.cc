#include "milan/captioner/train.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/base/json.h"
#include "milan/base/parallel.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/bundle_files.h"
#include "milan/captioner/decoder.h"
#include "milan/captioner/decoder_trainer.h"
#include "milan/captioner/language_model_trainer.h"
#include "milan/captioner/set_decoder.h"
#include "milan/captioner/torch_tensors.h"
#include "milan/captioner/training_data.h"

namespace milan {
namespace {

/// Units among which the self-test's is chosen.
constexpr int64_t kSelfTestCandidates = 64;
constexpr int kCheckpoints = 40;  // at most, of the set decoder's training

void Require(bool holds, const std::string& message) {
  if (!holds) throw UsageError(message);
}

Path TrainingFolder(const TrainOptions& options) {
  Path folder = options.output;
  return folder += ".training";
}

/// The options that affect results, as provenance and to recognise a checkpoint.
Json OptionsToJson(const TrainOptions& options) {
  return {{"seed", options.seed},
          {"architecture", options.architecture},
          {"embedding_size", options.embedding_size},
          {"hidden_size", options.hidden_size},
          {"attention_size", options.attention_size},
          {"dropout", options.dropout},
          {"batch_size", options.batch_size},
          {"learning_rate", options.learning_rate},
          {"weight_decay", options.weight_decay},
          {"attention_regularizer", options.attention_regularizer},
          {"max_epochs", options.max_epochs},
          {"patience", options.patience},
          {"certainties", options.certainties},
          {"hold_out", options.hold_out}};
}

/// The same of the architecture "set".
Json SetOptionsToJson(const TrainOptions& options) {
  const SetDecoderSizes& sizes = options.set_sizes;
  const SetDecoderTraining& training = options.set_training;
  return {{"hidden", sizes.hidden},
          {"width", sizes.width},
          {"heads", sizes.heads},
          {"set_blocks", sizes.set_blocks},
          {"word_blocks", sizes.word_blocks},
          {"dropout", training.dropout},
          {"feature_noise", training.feature_noise},
          {"components", training.components},
          {"word_dropout", training.word_dropout},
          {"label_smoothing", training.label_smoothing},
          {"word_set_weight", training.word_set_weight},
          {"fewest_exemplars", training.fewest_exemplars},
          {"learning_rate", training.learning_rate},
          {"warmup", training.warmup},
          {"weight_decay", training.weight_decay},
          {"steps", training.steps},
          {"epochs", training.epochs}};
}

/// Options and hashes of everything that training reads.
Json ProvenanceOf(const TrainOptions& options, const std::vector<AnnotatedRun>& runs,
                  const Encoder& encoder) {
  Json provenance = {{"options", OptionsToJson(options)}, {"encoder_hash", encoder.hash()}};
  if (options.architecture == kSetArchitecture) provenance["set"] = SetOptionsToJson(options);
  const Device& device = options.engine.device;
  if (!(device == Device{})) provenance["device"] = KindName(device);
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunManifest& manifest = runs[i].run.manifest;
    provenance["sources"].push_back(
        {{"annotations", options.sources[i].annotations.filename().string()},
         {"annotations_hash", runs[i].annotations_hash},
         {"network", Path(manifest.network_path).filename().string()},
         {"network_hash", manifest.network_hash},
         {"photos_hash", manifest.photos_hash},
         {"units", runs[i].units.size()}});
  }
  provenance["language_texts"] = Json::array();
  for (const Path& path : options.language_texts) {
    provenance["language_texts"].push_back(
        {{"file", path.filename().string()}, {"hash", HashFile(path)}});
  }
  return provenance;
}

Fingerprint FingerprintOf(const Json& provenance) {
  Fingerprint fingerprint;
  for (const auto& [key, value] : provenance.at("options").items())
    fingerprint[key] = ToText(value);
  for (const auto& [key, value] : provenance.items()) {
    if (key != "options") fingerprint[key] = ToText(value);
  }
  return fingerprint;
}

TrainingPlan PlanOf(const std::string& name, const TrainOptions& options,
                    const Fingerprint& fingerprint) {
  return {name,         TrainingFolder(options), fingerprint,
          options.seed, options.max_epochs,      options.patience};
}

/// Units of one split of all runs, with their rows of the runs' features.
DescribedUnits UnitsOf(const std::vector<AnnotatedRun>& runs,
                       const std::vector<torch::Tensor>& features, bool validates) {
  DescribedUnits units;
  std::vector<torch::Tensor> parts;
  for (size_t i = 0; i < runs.size(); ++i) {
    std::vector<int64_t> rows;
    for (size_t row = 0; row < runs[i].units.size(); ++row) {
      const AnnotatedUnit& unit = runs[i].units[row];
      if (unit.validates != validates) continue;
      rows.push_back(static_cast<int64_t>(row));
      units.texts.push_back(unit.texts);
    }
    parts.push_back(features[i].index_select(0, torch::tensor(rows, torch::kLong)));
  }
  units.features = torch::cat(parts);
  return units;
}

TrainingUnits LoadUnits(const std::vector<AnnotatedRun>& runs, const Encoder& encoder,
                        const TrainOptions& options, Progress& progress) {
  const int workers = options.workers > 0 ? options.workers : DefaultWorkers();
  const Path cache =
      options.feature_cache.empty() ? TrainingFolder(options) : options.feature_cache;
  CreateFolder(cache);
  std::vector<torch::Tensor> features;
  for (const AnnotatedRun& run : runs) {
    features.push_back(
        ToTensor(CachedRegionFeatures(run, encoder, cache, workers, progress).View()));
  }
  UseThreads(workers);
  return {UnitsOf(runs, features, false), UnitsOf(runs, features, true)};
}

LanguageModelTexts LoadTexts(const std::vector<AnnotatedRun>& runs, const TrainOptions& options) {
  LanguageModelTexts texts = {TextsOf(runs, false), TextsOf(runs, true)};
  const std::vector<std::string> more = ReadLines(options.language_texts);
  texts.train.insert(texts.train.end(), more.begin(), more.end());
  return texts;
}

/// The unit whose description leads by most: the last to change with another machine's rounding.
Array ChooseSelfTest(const Captioner& captioner, const DescribedUnits& units) {
  Array chosen;
  double widest = -1;
  const int64_t count = std::min(kSelfTestCandidates, units.features.size(0));
  for (int64_t unit = 0; unit < count; ++unit) {
    Array features = ToArray(units.features[unit]);
    const double margin = RunSelfTest(captioner, features).margin;
    if (margin > widest) {
      widest = margin;
      chosen = std::move(features);
    }
  }
  return chosen;
}

AnyDecoderSizes SizesOf(const Vocabulary& vocabulary, const Encoder& encoder,
                        const TrainOptions& options) {
  if (options.architecture == kPaperArchitecture) {
    return DecoderSizes{vocabulary.size(), encoder.feature_size(), options.embedding_size,
                        options.hidden_size, options.attention_size};
  }
  SetDecoderSizes sizes = options.set_sizes;
  sizes.vocabulary = vocabulary.size();
  sizes.features = encoder.feature_size();
  return sizes;
}

BundleManifest ManifestOf(const TrainOptions& options, const Captioner& captioner,
                          const Encoder& encoder) {
  const Vocabulary& vocabulary = captioner.vocabulary();
  BundleManifest manifest;
  manifest.name = options.name;
  manifest.words = vocabulary.words();
  if (!captioner.word_predictor().is_empty())
    manifest.predicted_words = captioner.word_predictor()->words();
  manifest.decoder = SizesOf(vocabulary, encoder, options);
  manifest.language_model = {vocabulary.size(), vocabulary.pad(), options.embedding_size,
                             options.hidden_size};
  return manifest;
}

/// A decoder with initial weights that depend on nothing but the options' seed and its sizes.
std::shared_ptr<TextDecoder> NewDecoder(const Vocabulary& vocabulary, const Encoder& encoder,
                                        const TrainOptions& options, const TrainingPlan& plan) {
  torch::manual_seed(EpochSeed(plan, 0));
  const AnyDecoderSizes any = SizesOf(vocabulary, encoder, options);
  if (const auto* sizes = std::get_if<DecoderSizes>(&any)) {
    return Decoder(*sizes, options.dropout, options.attention_regularizer).ptr();
  }
  return SetDecoder(std::get<SetDecoderSizes>(any), options.set_training).ptr();
}

int64_t RoundedUpQuotient(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Epochs of the set decoder over so many texts (record 0014).
int EpochsOf(const TrainOptions& options, size_t texts) {
  const SetDecoderTraining& training = options.set_training;
  if (training.epochs > 0) return training.epochs;
  constexpr int64_t kEpochs = 60;
  constexpr int64_t kFewestSteps = 1000;
  constexpr int64_t kMostSteps = 4500;
  constexpr int64_t kMostEpochs = 200;  // a handful of texts is known by then
  const int64_t batches = RoundedUpQuotient(static_cast<int64_t>(texts), options.batch_size);
  const int64_t steps =
      training.steps > 0 ? training.steps : std::clamp(kEpochs * batches, kFewestSteps, kMostSteps);
  return static_cast<int>(std::min(kMostEpochs, RoundedUpQuotient(steps, batches)));
}

/// Scores of the captioner as stored (half precision), on the validation split.
std::map<std::string, double> ScoresOf(const Captioner& captioner, const DescribedUnits& val,
                                       const std::vector<std::string>& texts, Progress& progress) {
  LanguageModel language_model = captioner.language_model();
  const Vocabulary& vocabulary = captioner.vocabulary();
  const double greedy = DescriptionBleu(DescribeGreedily(captioner, val), val);
  const double rerank = DescriptionBleu(DescribeByRerank(captioner, val, progress), val);
  const double loss = LanguageModelLoss(language_model, EncodeAll(texts, vocabulary), vocabulary);
  return {
      {"val_bleu_greedy", greedy}, {"val_bleu_rerank", rerank}, {"val_language_model_loss", loss}};
}

}  // namespace

namespace {

void ValidateSet(const SetDecoderSizes& sizes, const SetDecoderTraining& training) {
  Require(sizes.hidden >= 1 && sizes.width >= 1 && sizes.heads >= 1, "sizes must be at least 1");
  Require(sizes.width % sizes.heads == 0, "heads must divide width");
  Require(sizes.set_blocks >= 0 && sizes.word_blocks >= 1, "word_blocks must be at least 1");
  for (const double part : {training.dropout, training.word_dropout, training.label_smoothing}) {
    Require(part >= 0 && part < 1, "dropout and label_smoothing must be in 0..1, 1 excluded");
  }
  Require(training.feature_noise >= 0, "feature_noise must not be negative");
  Require(training.components >= 1, "components must be at least 1");
  Require(training.word_set_weight >= 0, "word_set_weight must not be negative");
  Require(training.fewest_exemplars >= 1, "fewest_exemplars must be at least 1");
  Require(training.learning_rate > 0, "learning_rate must be positive");
  Require(training.warmup >= 0, "warmup must not be negative");
  Require(training.weight_decay >= 0, "weight_decay must not be negative");
  Require(training.steps >= 0, "steps must not be negative");
  Require(training.epochs >= 0, "epochs must not be negative");
}

}  // namespace

void Validate(const TrainOptions& options) {
  Require(!options.sources.empty(), "training needs annotations and the run they describe");
  Require(!options.output.empty(), "training needs an output folder for the bundle");
  Require(options.architecture == kSetArchitecture || options.architecture == kPaperArchitecture,
          "architecture must be '" + std::string(kSetArchitecture) + "' or '" + kPaperArchitecture +
              "'");
  ValidateSet(options.set_sizes, options.set_training);
  Require(options.embedding_size >= 1, "embedding_size must be at least 1");
  Require(options.hidden_size >= 1, "hidden_size must be at least 1");
  Require(options.attention_size >= 1, "attention_size must be at least 1");
  Require(options.dropout >= 0 && options.dropout < 1, "dropout must be in 0..1, 1 excluded");
  Require(options.batch_size >= 1, "batch_size must be at least 1");
  Require(options.learning_rate > 0, "learning_rate must be positive");
  Require(options.weight_decay >= 0, "weight_decay must not be negative");
  Require(options.attention_regularizer >= 0, "attention_regularizer must not be negative");
  Require(options.max_epochs >= 1, "max_epochs must be at least 1");
  Require(options.patience >= 0, "patience must not be negative");
  Require(!options.certainties.empty(), "certainties must name at least one");
  Require(options.hold_out > 0 && options.hold_out < 1, "hold_out must lie between 0 and 1");
  Require(options.workers >= 0, "workers must not be negative");
}

void Train(const TrainOptions& given, Progress& progress) {
  Validate(given);
  TrainOptions options = given;
  const Encoder encoder = Encoder::Open(options.encoder, options.engine);
  const std::vector<AnnotatedRun> runs = ReadTrainingData(options, progress);
  // Before the provenance, which a checkpoint is held against: the length decides every step.
  if (options.architecture == kSetArchitecture) {
    options.set_training.epochs = EpochsOf(options, TextsOf(runs, false).size());
  }
  const Json provenance = ProvenanceOf(options, runs, encoder);
  const Fingerprint fingerprint = FingerprintOf(provenance);
  CreateFolder(TrainingFolder(options));
  TrainingUnits units = LoadUnits(runs, encoder, options, progress);
  const LanguageModelTexts texts = LoadTexts(runs, options);
  const Vocabulary vocabulary = Vocabulary::Build(TextsOf(runs, false));

  const TrainingPlan language_plan = PlanOf("language model", options, fingerprint);
  LanguageModel language_model =
      TrainLanguageModel(texts, vocabulary, options, language_plan, progress);
  TrainingPlan decoder_plan = PlanOf("decoder", options, fingerprint);
  if (options.architecture == kSetArchitecture) {
    decoder_plan.max_epochs = options.set_training.epochs;
    decoder_plan.to_the_end = true;
    decoder_plan.checkpoint_every =
        static_cast<int>(RoundedUpQuotient(decoder_plan.max_epochs, kCheckpoints));
  }
  // The paper's captioner has none.
  const WordPredictor word_predictor = options.architecture == kSetArchitecture
                                           ? LearnWords(units.train.features, units.train.texts)
                                           : nullptr;
  Captioner captioner(vocabulary, NewDecoder(vocabulary, encoder, options, decoder_plan),
                      language_model, word_predictor);
  units.train.features = captioner.decoder()->BeginTraining(units.train.features);
  TrainDecoder(units, captioner, options, decoder_plan, progress);
  captioner.decoder()->FinishTraining();

  // From here on the captioner is what the bundle holds: weights rounded to half precision.
  BundleManifest manifest = ManifestOf(options, captioner, encoder);
  WriteBundleFiles(options.output, captioner, encoder, ChooseSelfTest(captioner, units.val));
  const Captioner stored = ReadCaptioner(options.output, manifest);
  const SelfTestResult self_test = RunSelfTest(stored, ReadSelfTestFeatures(options.output));
  manifest.self_test_description = self_test.description;
  manifest.self_test_pmi = self_test.pmi;
  manifest.scores = ScoresOf(stored, units.val, texts.val, progress);
  manifest.training = ToText(provenance);
  WriteBundleManifest(options.output, manifest);
  for (const TrainingPlan& plan : {language_plan, decoder_plan}) {
    std::filesystem::remove(CheckpointPath(plan));
  }
}

}  // namespace milan
