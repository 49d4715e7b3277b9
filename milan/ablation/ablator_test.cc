#include "milan/ablation/ablator.h"

#include <algorithm>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/ablation/unit_means.h"
#include "milan/base/error.h"
#include "milan/network/ablatable.h"
#include "milan/network/engine.h"
#include "milan/network/test_networks.h"
#include "tests/support/pictures.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Warnings final : public NoProgress {
 public:
  void Warn(const std::string& text) override { texts.push_back(text); }
  std::vector<std::string> texts;
};

/// A classifier of five classes and twelve labelled photos for it.
class AblatorTest : public ::testing::Test {
 protected:
  AblatorTest() {
    preprocessing_.shorter_side = 0;
    preprocessing_.size = {16, 16};
    preprocessing_.crop = {0, 0};
    for (int i = 0; i < kPhotos; ++i) {
      const std::string name = "photo" + std::string(1, static_cast<char>('a' + i)) + ".png";
      WriteFileAtomically(folder_ / name, EncodePng(NoiseImage(20, 18, i)));
      labels_.push_back(i % 5);
    }
    photos_ = OpenPhotoSet(folder_.path());
  }

  AblationInput Input(const std::vector<UnitAxis>& layers) const {
    return {network_, layers, "logits", photos_, labels_, preprocessing_};
  }

  /// What the whole network, edited, says of a photo.
  Verdict WholeVerdict(const EditSet& edits, size_t photo) const {
    Array input{{1, 3, 16, 16}, std::vector<float>(3 * 16 * 16)};
    Normalize(preprocessing_, Picture(preprocessing_, LoadPhoto(photos_, photo).image),
              input.values);
    const Network edited = WithConstantGates(network_, layers_, edits);
    const auto outputs =
        RunOnce(*CreateEngine(edited, {.optimization = Optimization::kFused}), input);
    return Judge(outputs[0].values, labels_[photo]);
  }

  static constexpr int kPhotos = 12;
  const TemporaryFolder folder_;
  const Network network_ = SmallNetwork({-1, 3, 16, 16}).Build("small");
  const std::vector<UnitAxis> layers_ = {
      {"conv1.relu", 8, 1, 4}, {"block", 8, 1, 4}, {"flat", 8, 1, 2}};
  const std::vector<EditSet> sets_ = {
      {ZeroUnit("conv1.relu", 2)},
      {},
      {ZeroUnit("block", 1), ScaleUnit("flat", 3, 2)},
      {SetUnit("flat", 0, 4)},
      {ZeroUnit("flat", 0), ZeroUnit("flat", 1), ZeroUnit("flat", 2)},
  };
  Preprocessing preprocessing_;
  PhotoSet photos_;
  std::vector<int32_t> labels_;
  NoProgress progress_;
};

TEST_F(AblatorTest, SaysWhatTheEditedNetworkSays) {
  const Ablator ablator(Input(layers_), {}, progress_);
  const auto verdicts = ablator.Judge(sets_, progress_);
  EXPECT_EQ(ablator.classes(), 5);
  EXPECT_EQ(verdicts[1], ablator.baseline());
  int changed = 0;
  for (size_t set = 0; set < sets_.size(); ++set) {
    for (size_t photo = 0; photo < kPhotos; ++photo) {
      const Verdict expected = WholeVerdict(sets_[set], photo);
      EXPECT_EQ(verdicts[set][photo].best, expected.best);
      EXPECT_EQ(verdicts[set][photo].rank, expected.rank);
      EXPECT_NEAR(verdicts[set][photo].output, expected.output, 1e-5);
      if (verdicts[set][photo] != ablator.baseline()[photo]) ++changed;
    }
  }
  EXPECT_GT(changed, kPhotos);
}

TEST_F(AblatorTest, ASingleLayerIsEditedAsByGates) {
  const std::vector<UnitAxis> block = {layers_[1]};
  const Ablator direct(Input(block), {}, progress_);
  const Ablator gated(Input(layers_), {}, progress_);
  const std::vector<EditSet> sets = {{ZeroUnit("block", 1)},
                                     {SetUnit("block", 2, 0.5F), ScaleUnit("block", 7, -3)},
                                     {{"block", 3, 0.5F, 1}}};
  const auto verdicts = direct.Judge(sets, progress_);
  const auto expected = gated.Judge(sets, progress_);
  for (size_t set = 0; set < sets.size(); ++set) {
    for (size_t photo = 0; photo < kPhotos; ++photo) {
      EXPECT_EQ(verdicts[set][photo].rank, expected[set][photo].rank);
      EXPECT_NEAR(verdicts[set][photo].output, expected[set][photo].output, 1e-5);
      EXPECT_NE(verdicts[set][photo].output, direct.baseline()[photo].output);
    }
  }
  EXPECT_EQ(direct.Judge(std::vector<EditSet>{{}}, progress_).front(), direct.baseline());
}

TEST_F(AblatorTest, VerdictsDependOnNothingElse) {
  const Ablator ablator(Input(layers_), {.workers = 1}, progress_);
  const auto expected = ablator.Judge(sets_, progress_);
  for (const AblationOptions& options :
       {AblationOptions{.workers = 3}, AblationOptions{.workers = 2, .memory_limit = 0},
        AblationOptions{.skip_unchanged = false}}) {
    const Ablator other(Input(layers_), options, progress_);
    EXPECT_EQ(other.disk_bytes() > 0, options.memory_limit == 0);
    EXPECT_EQ(other.Judge(sets_, progress_), expected);
    EXPECT_EQ(other.Judge(std::vector<EditSet>{sets_[3]}, progress_).front(), expected[3]);
  }
}

TEST_F(AblatorTest, GroupsOfLayersMayBeCutOnTheirOwn) {
  const AblationResult result = JudgeEdits(Input(layers_), sets_, {}, progress_);
  const Ablator ablator(Input(layers_), {}, progress_);
  const auto expected = ablator.Judge(sets_, progress_);
  for (size_t set = 0; set < sets_.size(); ++set) {
    for (size_t photo = 0; photo < kPhotos; ++photo) {
      EXPECT_EQ(result.verdicts[set][photo].rank, expected[set][photo].rank);
      EXPECT_NEAR(result.verdicts[set][photo].output, expected[set][photo].output, 1e-5);
    }
  }
}

TEST_F(AblatorTest, SparesPassesOfUnitsThatAreZeroAnyway) {
  ModelBuilder b("input", {-1, 3, 16, 16});
  Array bias = RandomArray({4}, 2);
  bias.values[1] = -1000;  // never active
  b.Relu("relu", b.Conv("conv", b.input(), RandomArray({4, 3, 3, 3}, 1), bias));
  b.Output(b.Flatten("logits", b.GlobalAveragePool("average", "relu")));
  const Network network = b.Build("dead");
  const std::vector<UnitAxis> layers = {{"relu", 4, 1, 4}};
  for (int32_t& label : labels_) label %= 4;
  const AblationInput input = {network, layers, "logits", photos_, labels_, preprocessing_};
  const Ablator ablator(input, {}, progress_);
  const std::vector<EditSet> sets = {{ZeroUnit("relu", 1)}};
  EXPECT_EQ(ablator.Judge(sets, progress_).front(), ablator.baseline());
  EXPECT_EQ(ablator.spared_count(), kPhotos);
  const Ablator thorough(input, {.skip_unchanged = false}, progress_);
  EXPECT_EQ(thorough.Judge(sets, progress_).front(), ablator.baseline());
  EXPECT_EQ(thorough.spared_count(), 0);
}

TEST_F(AblatorTest, LeavesOutBrokenAndUnlabelledPhotos) {
  WriteFileAtomically(folder_ / "photob.png", "not a picture");
  labels_[4] = -1;
  Warnings warnings;
  const Ablator ablator(Input(layers_), {}, warnings);
  EXPECT_EQ(ablator.broken_count(), 1);
  ASSERT_EQ(warnings.texts.size(), 1U);
  EXPECT_THAT(warnings.texts[0], HasSubstr("photob.png"));
  EXPECT_EQ(AccuracyOf(ablator.baseline()).photos, kPhotos - 2);
  EXPECT_EQ(AccuracyOf(ablator.Judge(sets_, progress_)[0]).photos, kPhotos - 2);
  EXPECT_THROW(Ablator(Input(layers_), {.strict = true}, progress_), Error);
}

std::string MessageOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(AblatorTest, SaysWhatIsWrong) {
  labels_[3] = 5;
  EXPECT_THAT(MessageOf([&] { Ablator(Input(layers_), {}, progress_); }),
              AllOf(HasSubstr("photod.png"), HasSubstr("label 5"), HasSubstr("5 classes")));
  labels_[3] = 0;
  const std::vector<UnitAxis> first = {layers_[0]};
  EXPECT_THAT(MessageOf([&] {
                Ablator({network_, first, "pool", photos_, labels_, preprocessing_}, {}, progress_);
              }),
              HasSubstr("[1, 8, 8, 8]"));
  const Ablator ablator(Input(layers_), {}, progress_);
  EXPECT_THAT(MessageOf([&] {
                (void)ablator.Judge(std::vector<EditSet>{{ZeroUnit("block", 8)}}, progress_);
              }),
              HasSubstr("no unit 8"));
}

TEST_F(AblatorTest, MeansAreThoseOfAllPositionsWhoeverWorks) {
  const auto means = UnitMeans(network_, layers_, photos_, preprocessing_, 1, progress_);
  EXPECT_EQ(UnitMeans(network_, layers_, photos_, preprocessing_, 3, progress_), means);
  // Layer flat holds the averages of the pooled maps, so its mean over photos is that of pool.
  const std::vector<UnitAxis> pool = {{"pool", 8, 1, 4}};
  const auto of_pool = UnitMeans(network_, pool, photos_, preprocessing_, 2, progress_);
  for (int unit = 0; unit < 8; ++unit) EXPECT_NEAR(of_pool[0][unit], means[2][unit], 1e-5);
}

TEST_F(AblatorTest, ANetworkThatTakesSeveralPhotosAtOnceIsJudgedAsOne) {
  const Network of_four = SmallNetwork({4, 3, 16, 16}).Build("four");
  AblationInput input = Input(layers_);
  const Ablator expected(input, {}, progress_);
  const Ablator ablator({of_four, layers_, "logits", photos_, labels_, preprocessing_}, {},
                        progress_);
  EXPECT_EQ(ablator.classes(), 5);
  const auto verdicts = ablator.Judge(sets_, progress_);
  const auto wanted = expected.Judge(sets_, progress_);
  for (size_t set = 0; set < sets_.size(); ++set) {
    for (size_t photo = 0; photo < kPhotos; ++photo) {
      EXPECT_EQ(verdicts[set][photo].rank, wanted[set][photo].rank);
      EXPECT_NEAR(verdicts[set][photo].output, wanted[set][photo].output, 1e-5);
    }
  }
  const auto means = UnitMeans(of_four, {layers_[1]}, photos_, preprocessing_, 2, progress_);
  const auto one = UnitMeans(network_, {layers_[1]}, photos_, preprocessing_, 2, progress_);
  for (size_t unit = 0; unit < 8; ++unit) EXPECT_NEAR(means[0][unit], one[0][unit], 1e-5);
  const Ablator unedited({of_four, {}, "logits", photos_, labels_, preprocessing_}, {}, progress_);
  EXPECT_EQ(unedited.baseline()[0].rank, expected.baseline()[0].rank);
}

}  // namespace
}  // namespace milan
