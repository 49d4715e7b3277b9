#include "milan/captioner/milannotations.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/captioner/bundle_files.h"
#include "milan/captioner/colour_run.h"
#include "milan/captioner/train.h"
#include "milan/exemplar/export.h"
#include "milan/exemplar/import.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::SizeIs;

constexpr int64_t kColourUnits = 25;

/// The colour run as the original would have published it: a layer's folder and annotations
/// without splits.
class Milannotations : public testing::Test {
 protected:
  void SetUp() override {
    run_ = WriteColourRun(folder_.path(), kColourUnits);
    ExportOptions options;
    options.format = ExportFormat::kMilan;
    options.size = 32;
    options.workers = 1;
    ExportRun(OpenRun(run_), published_, options, progress_);
    std::string text = "layer,unit,summary\n";
    for (int64_t unit = 0; unit + 1 < kColourUnits; ++unit) {
      const char* colour = kColours[static_cast<size_t>(unit) % kColours.size()].text;
      for (int i = 0; i < 3; ++i) text += "layer," + std::to_string(unit) + "," + colour + "\n";
    }
    WriteFileAtomically(published_ / "annotations.csv", text);
    encoder_ = WriteColourEncoder(folder_.path());
  }
  TrainOptions Options() const {
    TrainOptions options;
    options.sources = {{published_ / "annotations.csv", published_}};
    options.encoder = encoder_;
    options.output = folder_ / "bundle";
    options.embedding_size = options.hidden_size = options.attention_size = 32;
    options.learning_rate = 1e-2;
    options.batch_size = 6;
    options.max_epochs = options.set_training.epochs = 2;
    options.hold_out = 0.25;
    options.workers = 1;
    return options;
  }

  TemporaryFolder folder_;
  Path run_;
  const Path published_ = folder_ / "published";
  Path encoder_;
  NoProgress progress_;
};

TEST_F(Milannotations, FeaturesAreThoseOfTheImportedRun) {
  ASSERT_TRUE(IsMilanLayout(published_));
  ASSERT_FALSE(IsMilanLayout(run_));
  const Encoder encoder = Encoder::Open(encoder_);
  const MilanExemplars exemplars = OpenMilanExemplars(published_);
  const std::vector<UnitName> units = {{"layer", 3}, {"layer", 17}};
  const Array direct = ComputeRegionFeatures(exemplars, units, encoder, 1, progress_);

  const milan::Run imported = ImportExemplars(published_, folder_ / "imported", {}, progress_);
  const ExemplarSet set = imported.Exemplars("layer");
  const UnitSelection selection = {&set, {3, 17}};
  const Array expected =
      ComputeRegionFeatures(imported, std::span(&selection, 1), encoder, 1, progress_);
  EXPECT_EQ(direct.shape, expected.shape);
  EXPECT_EQ(direct.values, expected.values);
}

TEST_F(Milannotations, UnitsThatSayNothingAreNotUsed) {
  std::string masks = ReadFile(published_ / "layer" / "masks.npy");
  std::fill_n(masks.end() - kColourExemplars * 32 * 32, kColourExemplars * 32 * 32, '\0');
  WriteFileAtomically(published_ / "layer" / "masks.npy", masks);
  std::string activations;
  for (int64_t unit = 0; unit < kColourUnits; ++unit) {
    activations += unit + 1 < kColourUnits ? "2,1,1\n" : "0,0,0\n";
  }
  WriteFileAtomically(published_ / "layer" / "activations.csv", activations);
  const MilanExemplars exemplars = OpenMilanExemplars(published_);
  EXPECT_TRUE(IsUsable(exemplars.layers[0], 0));
  EXPECT_FALSE(IsUsable(exemplars.layers[0], kColourUnits - 1)) << "dead";
  EXPECT_FALSE(IsUsable(exemplars.layers[0], 1000)) << "not there";
}

TEST_F(Milannotations, TrainsWithoutARunOrSplits) {
  Train(Options(), progress_);
  EXPECT_THAT(ReadBundleManifest(folder_ / "bundle").words, testing::Contains("flowers"));
  // All texts of a unit are on the same side, and both sides have units.
  const auto runs = ReadTrainingData(Options(), progress_);
  ASSERT_THAT(runs, SizeIs(1));
  int64_t held_out = 0;
  for (const AnnotatedUnit& unit : runs[0].units) {
    EXPECT_THAT(unit.texts, SizeIs(3));
    held_out += unit.validates ? 1 : 0;
  }
  EXPECT_GT(held_out, 0);
  EXPECT_LT(held_out, kColourUnits / 2);
  TrainOptions other = Options();
  other.seed = 2;
  const auto others = ReadTrainingData(other, progress_);
  const auto sides = [](const AnnotatedRun& run) {
    std::vector<bool> result;
    for (const AnnotatedUnit& unit : run.units) result.push_back(unit.validates);
    return result;
  };
  EXPECT_NE(sides(runs[0]), sides(others[0])) << "the seed chooses";
  EXPECT_EQ(sides(runs[0]), sides(ReadTrainingData(Options(), progress_)[0]));
}

TEST_F(Milannotations, WithoutPicturesItSaysWhatToDo) {
  fs::remove(published_ / "layer" / "images.npy");
  try {
    Train(Options(), progress_);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("--photos"));
  }
}

}  // namespace
}  // namespace milan
