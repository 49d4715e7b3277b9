#include "milan/captioner/calibrate.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/safetensors.h"
#include "milan/captioner/bundle.h"
#include "milan/captioner/bundle_confidence.h"
#include "milan/captioner/bundle_files.h"
#include "milan/captioner/colour_run.h"
#include "milan/captioner/describe.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr int64_t kUnits = 25;  // the last one is dead

/// A captioner of colours, trained in a second, and annotations that agree with it for half
/// of the units.
class Calibrating : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    trained_ = new TemporaryFolder;
    const Path run = WriteColourRun(trained_->path(), kUnits);
    TrainOptions train;
    train.sources = {{WriteColourAnnotations(trained_->path(), kUnits), run}};
    train.encoder = WriteColourEncoder(trained_->path());
    train.output = *trained_ / "bundle";
    train.architecture = kPaperArchitecture;  // learns these few units quicker
    train.embedding_size = train.hidden_size = train.attention_size = 32;
    train.dropout = 0.1;
    train.batch_size = 6;
    train.learning_rate = 1e-2;
    train.max_epochs = 25;
    train.patience = 25;
    train.workers = 1;
    NoProgress progress;
    Train(train, progress);
  }
  static void TearDownTestSuite() { delete trained_; }

  void SetUp() override {
    run_ = WriteColourRun(folder_.path(), kUnits);
    bundle_ = folder_ / "bundle";
    std::filesystem::copy(*trained_ / "bundle", bundle_);
    options_.sources = {{WriteJudgements("a.csv"), run_}};
    options_.beam_size = 5;
    options_.null_sets = 20;
    options_.workers = 1;
  }

  Path WriteJudgements(const std::string& name) {
    std::string text = "layer,unit,split,description\n";
    for (int64_t unit = 0; unit + 1 < kUnits; ++unit) {
      const std::string colour = kColours[static_cast<size_t>(unit) % kColours.size()].text;
      // Whether it is right has nothing to do with what the unit looks like.
      const bool is_right = unit / static_cast<int64_t>(kColours.size()) % 2 == 0;
      text += "layer," + std::to_string(unit) + ",val," + (is_right ? colour : "nothing") + "\n";
    }
    WriteFileAtomically(folder_ / name, text);
    return folder_ / name;
  }
  Descriptions DescribeRun(const std::vector<UnitName>& units = {}) {
    DescribeOptions describe;
    describe.beam_size = 5;
    describe.workers = 1;
    describe.units = units;
    return Describe(OpenRun(run_), Bundle::Open(bundle_), describe, progress_);
  }
  std::string OpenFailure() {
    try {
      Bundle::Open(bundle_);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInput);
      return error.what();
    }
    return "no error";
  }

  static TemporaryFolder* trained_;  ///< Where the bundle is that every test has a copy of.
  TemporaryFolder folder_;
  Path run_;
  Path bundle_;
  CalibrateOptions options_;
  NoProgress progress_;
};

TemporaryFolder* Calibrating::trained_ = nullptr;

TEST_F(Calibrating, DescriptionsGetTheConfidenceThatTheAnnotationsSupport) {
  const std::string hash = Bundle::Open(bundle_).hash();
  const Descriptions before = DescribeRun();
  EXPECT_FALSE(before.calibration);
  EXPECT_FALSE(before.units[0].confidence);
  EXPECT_FALSE(before.IsReliable(before.units[0]));

  options_.null_runs = {run_};
  const CalibrationReport report = Calibrate(bundle_, options_, progress_);
  EXPECT_EQ(report.summary.units, kUnits - 1);
  EXPECT_DOUBLE_EQ(report.summary.base_rate, 0.5);
  ASSERT_EQ(report.summary.nulls.size(), 3U);
  EXPECT_EQ(report.summary.nulls[0].kind, "random photos");
  EXPECT_EQ(report.summary.nulls[0].sets, 10) << "half of them judge";
  EXPECT_EQ(report.summary.nulls[1].kind, "shuffled exemplars");
  EXPECT_EQ(report.summary.nulls[2].kind, "run");
  EXPECT_TRUE(report.left_out.empty()) << "one network only";
  EXPECT_EQ(report.descriptions.size(), static_cast<size_t>(kUnits - 1 + 20 + 20 + 20));

  EXPECT_NE(Bundle::Open(bundle_).hash(), hash) << "descriptions must be made anew";
  const Descriptions after = DescribeRun();
  ASSERT_TRUE(after.calibration);
  EXPECT_EQ(after.calibration->threshold, report.summary.threshold);
  for (size_t i = 0; i + 1 < after.units.size(); ++i) {
    const UnitDescription& unit = after.units[i];
    EXPECT_EQ(unit.best.text, before.units[i].best.text);
    ASSERT_TRUE(unit.confidence) << i;
    // Right are half of them, whatever they look like.
    EXPECT_NEAR(*unit.confidence, 0.5, 0.35);
    EXPECT_EQ(*after.IsReliable(unit), *unit.confidence >= report.summary.threshold);
  }
  EXPECT_FALSE(after.units.back().confidence) << "the dead unit";
}

TEST_F(Calibrating, ConfidencesDoNotDependOnTheUnitsAskedFor) {
  Calibrate(bundle_, options_, progress_);
  const Descriptions all = DescribeRun();
  const Descriptions some = DescribeRun({{"layer", 4}, {"layer", 19}});
  ASSERT_EQ(some.units.size(), 2U);
  EXPECT_NEAR(*some.units[0].confidence, *all.units[4].confidence, 1e-4);
  EXPECT_NEAR(*some.units[1].confidence, *all.units[19].confidence, 1e-4);
}

TEST_F(Calibrating, IsReproducible) {
  Calibrate(bundle_, options_, progress_);
  const std::string first = ReadFile(bundle_ / kConfidence);
  const std::string regions = ReadFile(bundle_ / kConfidenceTensors);
  Calibrate(bundle_, options_, progress_);
  EXPECT_EQ(ReadFile(bundle_ / kConfidence), first);
  EXPECT_TRUE(ReadFile(bundle_ / kConfidenceTensors) == regions);
}

TEST_F(Calibrating, NetworksAreLeftOutInTurn) {
  std::filesystem::copy(run_, folder_ / "other", std::filesystem::copy_options::recursive);
  options_.sources.push_back({WriteJudgements("b.csv"), folder_ / "other"});
  const CalibrationReport report = Calibrate(bundle_, options_, progress_);
  ASSERT_EQ(report.left_out.size(), 2U);
  EXPECT_EQ(report.left_out[0].name, "run");
  EXPECT_EQ(report.left_out[1].name, "other");
  EXPECT_EQ(report.left_out[1].summary.units, kUnits - 1);
  EXPECT_EQ(report.left_out[1].summary.nulls[0].sets, 10) << "all of that network judge";
}

TEST_F(Calibrating, ABundleIsValidWithAndWithoutAndRefusedWhenChanged) {
  Calibrate(bundle_, options_, progress_);
  EXPECT_NE(Bundle::Open(bundle_).calibration(), nullptr);
  // As after a kill between the steps of writing: the files are there, but not listed.
  ListConfidenceFiles(bundle_, false);
  EXPECT_EQ(Bundle::Open(bundle_).calibration(), nullptr);
  ListConfidenceFiles(bundle_, true);

  const std::string good = ReadFile(bundle_ / kConfidence);
  WriteFileAtomically(bundle_ / kConfidence, good + " ");
  EXPECT_THAT(OpenFailure(), AllOf(HasSubstr(kConfidence), HasSubstr("hash")));
  const auto with = [&](const std::string& key, const Json& value) {
    Json json = ParseJson(good, "good");
    json[Json::json_pointer(key)] = value;
    WriteJson(bundle_ / kConfidence, json);
    ListConfidenceFiles(bundle_, true);
    return OpenFailure();
  };
  EXPECT_THAT(with("/version", 9), HasSubstr("version 9"));
  EXPECT_THAT(with("/format", "x"), HasSubstr("not a calibration"));
  EXPECT_THAT(with("/model/terms/0/signal", "x"), HasSubstr("milan calibrate"));
  EXPECT_THAT(with("/model/terms/0/scale", 0), HasSubstr("scale"));
  EXPECT_THAT(with("/signals/null_sets", 0), HasSubstr("null_sets"));
  EXPECT_THAT(with("/summary/bins", 3), HasSubstr("bins"));
  WriteFileAtomically(bundle_ / kConfidence, good);
  SafetensorsWriter writer;
  const std::vector<float> values(12, 1.0F);
  writer.AddAsHalf("null.regions", {4, 3}, values);
  writer.Write(bundle_ / kConfidenceTensors);
  ListConfidenceFiles(bundle_, true);
  EXPECT_THAT(OpenFailure(), HasSubstr("[4, 3]"));
}

TEST_F(Calibrating, SaysWhatIsMissing) {
  const auto failure = [&](const CalibrateOptions& options) {
    try {
      Calibrate(bundle_, options, progress_);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CalibrateOptions options = options_;
  options.split = "test";
  EXPECT_THAT(failure(options), HasSubstr("'test'"));
  options = options_;
  options.sources = {};
  EXPECT_THAT(failure(options), HasSubstr("annotated runs"));
  options = options_;
  options.right_f1 = 2;
  EXPECT_THAT(failure(options), HasSubstr("right"));
  WriteFileAtomically(folder_ / "a.csv", "layer,unit,description\nlayer,99,red\n");
  EXPECT_THAT(failure(options_), AllOf(HasSubstr("a.csv"), HasSubstr("99")));
  EXPECT_EQ(Bundle::Open(bundle_).calibration(), nullptr) << "a failure changed the bundle";
}

}  // namespace
}  // namespace milan
