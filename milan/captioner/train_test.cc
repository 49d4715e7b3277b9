#include "milan/captioner/train.h"

#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/captioner/bundle.h"
#include "milan/captioner/bundle_files.h"
#include "milan/captioner/colour_run.h"
#include "milan/captioner/describe.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t kUnits = 25;

/// Asks to stop once the decoder has finished some epochs.
class StopAfterEpochs : public NoProgress {
 public:
  explicit StopAfterEpochs(int64_t epochs) : epochs_(epochs) {}
  void Begin(const std::string& stage, int64_t, const std::string&) override { stage_ = stage; }
  void Update(int64_t done) override { stop_ = stop_ || (stage_ == "decoder" && done >= epochs_); }
  bool Cancelled() const override { return stop_; }

 private:
  int64_t epochs_;
  std::string stage_;
  bool stop_ = false;
};

class Training : public testing::Test {
 protected:
  void SetUp() override {
    run_ = WriteColourRun(folder_.path(), kUnits);
    options_.sources = {{WriteColourAnnotations(folder_.path(), kUnits), run_}};
    options_.encoder = WriteColourEncoder(folder_.path());
    options_.output = folder_ / "bundle";
    options_.architecture = "milan";
    options_.embedding_size = options_.hidden_size = options_.attention_size = 32;
    options_.dropout = 0.1;
    options_.batch_size = 6;
    options_.learning_rate = 1e-2;
    options_.max_epochs = 40;
    options_.patience = 40;
    options_.workers = 1;
  }

  std::string FailureOf(const TrainOptions& options) {
    try {
      Train(options, progress_);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }
  std::string OpenFailure() {
    try {
      Bundle::Open(options_.output);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    return "no error";
  }

  TemporaryFolder folder_;
  Path run_;
  TrainOptions options_;
  NoProgress progress_;
};

TEST_F(Training, LearnsToDescribeAndWritesABundle) {
  Train(options_, progress_);
  const Bundle bundle = Bundle::Open(options_.output);
  EXPECT_EQ(bundle.name(), "captioner");
  DescribeOptions describe;
  describe.workers = 1;
  const Descriptions descriptions = Describe(OpenRun(run_), bundle, describe, progress_);
  ASSERT_EQ(descriptions.units.size(), static_cast<size_t>(kUnits));
  EXPECT_EQ(descriptions.bundle_hash, bundle.hash());
  for (size_t i = 0; i + 1 < descriptions.units.size(); ++i) {
    const UnitDescription& unit = descriptions.units[i];
    EXPECT_EQ(unit.state, "alive");
    EXPECT_EQ(unit.best.text, kColours[i % kColours.size()].text) << i;
    EXPECT_NEAR(unit.best.pmi, unit.best.log_likelihood - 0.2 * unit.best.log_prior, 1e-9);
    EXPECT_EQ(unit.others.size(), 5U);
    EXPECT_EQ(unit.photos.size(), static_cast<size_t>(kColourExemplars));
  }
  EXPECT_EQ(descriptions.units.back().state, "dead");
  EXPECT_TRUE(descriptions.units.back().best.text.empty());

  const BundleManifest manifest = ReadBundleManifest(options_.output);
  EXPECT_GT(manifest.scores.at("val_bleu_rerank"), 80);
  EXPECT_THAT(manifest.words, testing::Not(testing::Contains("forbidden")));
  EXPECT_THAT(manifest.words, testing::Not(testing::Contains("uncertain")));
  EXPECT_THAT(manifest.training, AllOf(HasSubstr("annotations_hash"), HasSubstr("encoder_hash")));
}

TEST_F(Training, OfTheSetDecoderLearnsToDescribeToo) {
  options_.architecture = "set";
  options_.set_sizes = {.hidden = 24, .width = 32, .heads = 2};
  options_.set_training = {.dropout = 0.1,
                           .feature_noise = 0.1,
                           .label_smoothing = 0,
                           .learning_rate = 5e-3,
                           .warmup = 5,
                           .epochs = 60};
  Train(options_, progress_);
  DescribeOptions describe;
  describe.workers = 1;
  const Descriptions descriptions =
      Describe(OpenRun(run_), Bundle::Open(options_.output), describe, progress_);
  for (size_t i = 0; i + 1 < descriptions.units.size(); ++i) {
    EXPECT_EQ(descriptions.units[i].best.text, kColours[i % kColours.size()].text) << i;
  }
}

TEST_F(Training, OfManyUnitsLearnsTheirWordsToo) {
  constexpr int64_t kManyUnits = 160;
  options_.sources = {{WriteColourAnnotations(folder_.path(), kManyUnits),
                       WriteColourRun(folder_.path(), kManyUnits)}};
  options_.architecture = "set";
  options_.set_sizes = {.hidden = 24, .width = 32, .heads = 2};
  options_.set_training.epochs = 1;
  options_.max_epochs = 1;
  Train(options_, progress_);
  const BundleManifest manifest = ReadBundleManifest(options_.output);
  EXPECT_THAT(manifest.predicted_words, testing::IsSupersetOf({"red", "grass", "flower"}));
  const Captioner captioner = ReadCaptioner(options_.output, manifest);
  ASSERT_FALSE(captioner.word_predictor().is_empty());
  EXPECT_GT(captioner.word_predictor()->weights.abs().sum().item<double>(), 0);
  EXPECT_EQ(OpenFailure(), "no error");

  const Path path = options_.output / "bundle.json";
  const Json good = ReadJson(path);
  const auto failure_with = [&](const std::vector<std::string>& words) {
    Json json = good;
    json["predicted_words"] = words;
    WriteJson(path, json);
    return OpenFailure();
  };
  std::vector<std::string> words = manifest.predicted_words;
  EXPECT_THAT(failure_with({}), HasSubstr("predicted_words"));
  words[1] = words[0];
  EXPECT_THAT(failure_with(words), HasSubstr("twice"));
  words.push_back("another");
  EXPECT_THAT(failure_with(words), HasSubstr("shape"));
}

/// How many epochs each stage was to have.
class RecordStages : public NoProgress {
 public:
  void Begin(const std::string& stage, int64_t total, const std::string&) override {
    totals[stage] = total;
  }
  std::map<std::string, int64_t> totals;
};

TEST_F(Training, OfTheSetDecoderTakesItsBatchesHoweverFewTheTextsAre) {
  options_.architecture = "set";
  options_.set_sizes = {.hidden = 24, .width = 32, .heads = 2};
  options_.max_epochs = 1;
  options_.set_training.steps = 3;
  options_.batch_size = 1000;  // All texts in one.
  RecordStages stages;
  Train(options_, stages);
  EXPECT_EQ(stages.totals.at("decoder"), 3);
}

TEST_F(Training, OfTheSetDecoderTakesLongEnoughByItself) {
  options_.architecture = "set";
  options_.set_sizes = {.hidden = 8, .width = 8, .heads = 1};
  options_.max_epochs = 1;
  options_.batch_size = 1;  // Each of the 16 texts that are learnt.
  RecordStages stages;
  Train(options_, stages);
  EXPECT_EQ(stages.totals.at("decoder"), (1000 + 15) / 16);
}

TEST_F(Training, OfTheSetDecoderContinuedIsEqualToUninterrupted) {
  options_.architecture = "set";
  options_.set_sizes = {.hidden = 24, .width = 32, .heads = 2};
  options_.set_training.epochs = 4;
  options_.max_epochs = 3;
  Train(options_, progress_);
  const std::string uninterrupted = ReadFile(options_.output / "weights.safetensors");
  options_.output = folder_ / "continued";
  StopAfterEpochs stop(2);
  EXPECT_THROW(Train(options_, stop), Error);
  Train(options_, progress_);
  EXPECT_TRUE(ReadFile(options_.output / "weights.safetensors") == uninterrupted);
}

TEST_F(Training, ContinuedIsEqualToUninterrupted) {
  options_.max_epochs = 4;
  Train(options_, progress_);
  const std::string uninterrupted = ReadFile(options_.output / "weights.safetensors");
  options_.output = folder_ / "continued";
  StopAfterEpochs stop(2);
  EXPECT_THROW(Train(options_, stop), Error);
  EXPECT_FALSE(std::filesystem::exists(options_.output / "bundle.json"));
  Train(options_, progress_);
  EXPECT_TRUE(ReadFile(options_.output / "weights.safetensors") == uninterrupted);
}

TEST_F(Training, CheckpointOfAnotherTrainingIsRefused) {
  StopAfterEpochs stop(1);
  EXPECT_THROW(Train(options_, stop), Error);
  TrainOptions other = options_;
  other.learning_rate = 0.5;
  EXPECT_THAT(FailureOf(other), AllOf(HasSubstr("learning_rate"), HasSubstr("0.5")));
  WriteFileAtomically(folder_ / "annotations.csv",
                      ReadFile(folder_ / "annotations.csv") + "layer,1,train,a2,clear,more\n");
  EXPECT_THAT(FailureOf(options_), HasSubstr("sources"));
}

TEST_F(Training, DamagedBundlesAreRefused) {
  options_.max_epochs = 1;
  Train(options_, progress_);
  const Path weights = options_.output / "weights.safetensors";
  const Path manifest = options_.output / "bundle.json";
  const std::string good_weights = ReadFile(weights);
  const std::string good_manifest = ReadFile(manifest);
  EXPECT_EQ(OpenFailure(), "no error");

  std::string flipped = good_weights;
  flipped[flipped.size() / 2] ^= 1;
  WriteFileAtomically(weights, flipped);
  EXPECT_THAT(OpenFailure(), AllOf(HasSubstr("weights.safetensors"), HasSubstr("hash")));
  std::filesystem::remove(weights);
  EXPECT_THAT(OpenFailure(), HasSubstr("weights.safetensors"));
  WriteFileAtomically(weights, good_weights);

  const auto with = [&](const std::string& key, const Json& value) {
    Json json = ParseJson(good_manifest, "manifest");
    json[Json::json_pointer(key)] = value;
    WriteJson(manifest, json);
    return OpenFailure();
  };
  EXPECT_THAT(with("/version", 4), HasSubstr("version 4"));
  EXPECT_THAT(with("/format", "other"), HasSubstr("not a bundle"));
  EXPECT_THAT(with("/self_test/description", "another text"), HasSubstr("self-test"));
  EXPECT_THAT(with("/self_test/pmi", 12.0), HasSubstr("self-test"));
  EXPECT_THAT(with("/sizes/hidden", 31), HasSubstr("shape"));
  EXPECT_THAT(with("/sizes/hidden", -1), HasSubstr("hidden"));
  EXPECT_THAT(with("/predicted_words", {"red"}), HasSubstr("predicted_words"));
  EXPECT_THAT(with("/vocabulary/0", 5), HasSubstr("vocabulary"));
  std::filesystem::remove(manifest);
  EXPECT_THAT(OpenFailure(), HasSubstr("bundle.json"));
}

TEST_F(Training, UnusableAnnotationsAreRefused) {
  const Path annotations = options_.sources[0].annotations;
  WriteFileAtomically(annotations, "layer,unit,description\nlayer,0,red\n");
  EXPECT_THAT(FailureOf(options_), HasSubstr("split"));
  WriteFileAtomically(annotations, "layer,unit,split,description\nlayer,0,train,red\n");
  EXPECT_THAT(FailureOf(options_), HasSubstr("'val'"));
  WriteFileAtomically(annotations, "layer,unit,split,description\nlayer,99,train,red\n");
  EXPECT_THAT(FailureOf(options_), HasSubstr("99"));
  WriteFileAtomically(annotations, "layer,unit,split,description\nother,0,train,red\n");
  EXPECT_THAT(FailureOf(options_), HasSubstr("'other'"));
  options_.max_epochs = 0;
  EXPECT_THAT(FailureOf(options_), HasSubstr("max_epochs"));
}

TEST(DescribeOptions, RangesAreChecked) {
  DescribeOptions options;
  options.beam_size = 0;
  EXPECT_THROW(Validate(options), Error);
  options = {};
  options.pmi_weight = -1;
  EXPECT_THROW(Validate(options), Error);
}

}  // namespace
}  // namespace milan
