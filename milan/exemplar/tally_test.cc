#include "milan/exemplar/tally.h"

#include <atomic>
#include <cmath>
#include <mutex>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "milan/image/image.h"
#include "tests/support/fake_engine.h"
#include "tests/support/pictures.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kSize = 8;  // of photos and of the network's input

/// Records what it is told; fails the test when two calls come at once.
class Recorder final : public Progress {
 public:
  void Begin(const std::string& stage, int64_t total, const std::string& items) override {
    began = stage + " " + std::to_string(total) + " " + items;
  }
  void Update(int64_t done) override {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    EXPECT_TRUE(lock.owns_lock());
    updates.push_back(done);
  }
  void Note(const std::string&) override {}
  void End() override { ended = true; }
  void Warn(const std::string& text) override {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    EXPECT_TRUE(lock.owns_lock());
    warnings.push_back(text);
  }
  bool Cancelled() const override { return static_cast<int64_t>(updates.size()) >= cancel_after; }

  std::string began;
  std::vector<int64_t> updates;
  std::vector<std::string> warnings;
  bool ended = false;
  int64_t cancel_after = 1000;

 private:
  std::mutex mutex_;
};

/// Two layers computed from the photo's pixels: "maps" [4, 2, 2] and "vector" [3].
std::vector<Array> ScriptedActivations(std::span<const ArrayView> inputs) {
  Array maps{{1, 4, 2, 2}, std::vector<float>(16, 0)};
  Array vector{{1, 3}, std::vector<float>(3, 0)};
  const auto pixels = inputs[0].values;
  for (size_t i = 0; i < pixels.size(); ++i) {
    float& activation = maps.values[i % 16];
    activation = std::max(activation, pixels[i] * static_cast<float>(i % 7));
    vector.values[i % 3] += pixels[i];
  }
  for (size_t i = 0; i < 4; ++i) maps.values[i] = 0;  // unit 0 is dead
  return {maps, vector};
}

class TallyTest : public testing::Test {
 protected:
  TallyTest() {
    preprocessing_.shorter_side = kSize;
    preprocessing_.crop = {kSize, kSize};
    layers_ = {{"maps", "Relu", Layout::kMap, {1, 4, 2, 2}, 4, 2, 2},
               {"vector", "Gemm", Layout::kVector, {1, 3}, 3, 1, 1}};
    options_.k = 5;
    options_.workers = 2;
  }

  void WritePhotos(int count) const {
    for (int i = 0; i < count; ++i) {
      const std::string name = "p" + std::to_string(100 + i) + ".png";
      WriteFileAtomically(folder_ / name, EncodePng(NoiseImage(kSize, kSize, i)));
    }
  }
  void WriteBroken(const std::string& name) const {
    WriteFileAtomically(folder_ / name, EncodePng(NoiseImage(kSize, kSize, 1)).substr(0, 60));
  }
  TallyResult TallyFolder() {
    return Tally({engine_, layers_, OpenPhotoSet(folder_.path()), preprocessing_}, options_,
                 progress_);
  }
  Error TallyAndFail() {
    try {
      TallyFolder();
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return InputError("");
  }
  std::string SavedBytes(const TallyResult& result) const {
    std::string bytes;
    for (const ExemplarSet& set : result.layers) {
      const TemporaryFolder folder;
      set.Save(folder / "set");
      bytes += ReadFile(folder / "set");
    }
    return bytes;
  }

  TemporaryFolder folder_;
  Preprocessing preprocessing_;
  std::vector<Layer> layers_;
  TallyOptions options_;
  FakeEngine engine_{ScriptedActivations};
  Recorder progress_;
};

TEST_F(TallyTest, AnyNumberOfWorkersGivesTheSameBytes) {
  WritePhotos(40);
  options_.workers = 1;
  const std::string alone = SavedBytes(TallyFolder());
  for (const int workers : {2, 3, 7, 100}) {
    options_.workers = workers;
    EXPECT_TRUE(SavedBytes(TallyFolder()) == alone) << workers << " workers";
  }
}

TEST_F(TallyTest, FindsThePhotosWithTheHighestPeaks) {
  WritePhotos(12);
  const TallyResult result = TallyFolder();
  ASSERT_EQ(result.layers.size(), 2U);
  EXPECT_EQ(result.layers[0].layer, "maps");
  EXPECT_EQ(result.layers[1].layer, "vector");
  const PhotoSet photos = OpenPhotoSet(folder_.path());
  std::vector<std::pair<float, int>> expected;  // of unit 2 of "maps"
  for (int id = 0; id < 12; ++id) {
    Array input{{1, 3, kSize, kSize}, std::vector<float>(3 * kSize * kSize)};
    Normalize(preprocessing_, Picture(preprocessing_, LoadPhoto(photos, id).image), input.values);
    const ArrayView view = input.View();
    const Array maps = ScriptedActivations({&view, 1})[0];
    expected.emplace_back(-*std::max_element(&maps.values[8], &maps.values[12]), id);
  }
  std::sort(expected.begin(), expected.end());
  for (int64_t rank = 0; rank < 5; ++rank) {
    EXPECT_EQ(result.layers[0].PhotoId(2, rank), expected[rank].second);
  }
  EXPECT_EQ(result.layers[0].states[0], UnitState::kDead);
}

TEST_F(TallyTest, TellsOfEveryPhoto) {
  WritePhotos(6);
  const TallyResult result = TallyFolder();
  EXPECT_EQ(progress_.began, "exemplars 6 photos");
  std::vector<int64_t> counting(6);
  std::iota(counting.begin(), counting.end(), 1);
  EXPECT_EQ(progress_.updates, counting);
  EXPECT_TRUE(progress_.ended);
  ASSERT_EQ(result.photos.size(), 6U);
  EXPECT_EQ(result.photos[3].name, "p103.png");
  EXPECT_EQ(result.photos[3].width, kSize);
  EXPECT_EQ(result.photos[3].height, kSize);
  EXPECT_EQ(result.photos[3].bytes, std::filesystem::file_size(folder_ / "p103.png"));
  EXPECT_EQ(result.photos[3].hash, HashFile(folder_ / "p103.png"));
  EXPECT_EQ(result.photos[3].failure, "");
  EXPECT_EQ(result.layers[0].PhotoId(1, 4) >= 0, true);
}

TEST_F(TallyTest, BrokenPhotosAreNamedSkippedAndKeepTheirIds) {
  WritePhotos(3);
  WriteBroken("a.png");  // the first
  const TallyResult result = TallyFolder();
  EXPECT_THAT(progress_.warnings, ElementsAre(AllOf(HasSubstr("a.png"), HasSubstr("skipped"))));
  EXPECT_NE(result.photos[0].failure, "");
  EXPECT_EQ(result.photos[0].hash, HashFile(folder_ / "a.png"));
  EXPECT_EQ(result.photos[1].failure, "");
  const ExemplarSet& set = result.layers[0];
  EXPECT_EQ(set.CountOf(1), 3);  // fewer photos than k
  for (int64_t rank = 0; rank < 3; ++rank) EXPECT_GT(set.PhotoId(1, rank), 0);
  EXPECT_EQ(set.PhotoId(1, 3), -1);
}

TEST_F(TallyTest, StrictStopsAtABrokenPhoto) {
  WritePhotos(3);
  WriteBroken("a.png");
  options_.strict = true;
  const Error error = TallyAndFail();
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_THAT(error.what(), HasSubstr("a.png"));
}

TEST_F(TallyTest, OnlyBrokenPhotosAreAnError) {
  WriteBroken("a.png");
  WriteBroken("b.png");
  const Error error = TallyAndFail();
  EXPECT_EQ(error.kind(), ErrorKind::kInput);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("none of its 2 photos"), HasSubstr("a.png")));
}

TEST_F(TallyTest, StopsWhenCancelled) {
  WritePhotos(30);
  progress_.cancel_after = 4;
  EXPECT_EQ(TallyAndFail().kind(), ErrorKind::kCancelled);
  EXPECT_LE(progress_.updates.size(), 6U);  // each worker finishes the photo it is at
  EXPECT_FALSE(progress_.ended);
}

TEST_F(TallyTest, ErrorsOfTheEnginePassThroughAndWrongShapesNameTheLayer) {
  WritePhotos(4);
  engine_ = FakeEngine([](std::span<const ArrayView>) -> std::vector<Array> {
    throw InputError("node 'x' failed");
  });
  EXPECT_THAT(TallyAndFail().what(), HasSubstr("node 'x' failed"));
  engine_ = FakeEngine([](std::span<const ArrayView> inputs) {
    auto outputs = ScriptedActivations(inputs);
    outputs[0].shape = {1, 2, 2, 4};
    return outputs;
  });
  EXPECT_THAT(TallyAndFail().what(), AllOf(HasSubstr("'maps'"), HasSubstr("[1, 2, 2, 4]")));
}

TEST(TallyOptions, AreCheckedByName) {
  const auto error_of = [](const TallyOptions& options) -> std::string {
    try {
      Validate(options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kUsage);
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_of({}), "");
  EXPECT_THAT(error_of({.k = 0}), HasSubstr("--exemplars"));
  EXPECT_THAT(error_of({.quantile = 1}), HasSubstr("--quantile"));
  EXPECT_THAT(error_of({.quantile = std::nan("")}), HasSubstr("--quantile"));
  EXPECT_THAT(error_of({.workers = -1}), HasSubstr("--workers"));
}

}  // namespace
}  // namespace milan
