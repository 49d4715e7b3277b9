#include "milan/exemplar/push.h"

#include <filesystem>
#include <limits>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/exemplar/test_run.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr int kPhotos = 12;
constexpr int64_t kMapValues = 3 * 4 * 5;
const std::vector<RunLayer> kLayers = {{"maps", 3, 4, 5}, {"vector", 2, 1, 1}};

/// Activations of photos [0, kPhotos), one photo after the other.
const std::vector<float> kMaps = RandomActivations(kPhotos * kMapValues, 1, true);
const std::vector<float> kVectors = RandomActivations(kPhotos * 2, 2, false);

/// Pushes photos [begin, end) as one batch.
void PushBatch(TallyState& state, int32_t begin, int32_t end) {
  std::vector<int32_t> ids(static_cast<size_t>(end - begin));
  std::iota(ids.begin(), ids.end(), begin);
  const int64_t count = end - begin;
  const std::vector<ArrayView> activations = {
      {{count, 3, 4, 5}, std::span(kMaps).subspan(begin * kMapValues, count * kMapValues)},
      {{count, 2}, std::span(kVectors).subspan(begin * 2, count * 2)}};
  PushActivations(state, ids, activations);
}

TallyState AllPushed(int32_t batch) {
  TallyState state = BeginTally(kLayers, kPhotos, 4);
  for (int32_t id = 0; id < kPhotos; id += batch) PushBatch(state, id, id + batch);
  return state;
}

/// The bytes of a state's exemplars.
std::string Content(TallyState state) {
  const TemporaryFolder folder;
  std::string content;
  for (size_t i = 0; i < state.layers.size(); ++i) {
    FinishLayer(state, i, {}).Save(folder / "set");
    content += ReadFile(folder / "set");
  }
  return content;
}

template <typename Call>
std::string ErrorOf(ErrorKind kind, const Call& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    return error.what();
  }
  return "";
}

TEST(Push, GivesTheExemplarsOfTheActivations) {
  TallyState state = BeginTally({{"layer", 2, 1, 2}}, 3, 2);
  const std::vector<float> values = {1, 0, 5, 6, 3, 0, 9, 8, 2, 2, 7, 7};  // 3 photos, 2 units
  const std::vector<int32_t> ids = {0, 1, 2};
  PushActivations(state, ids, std::vector<ArrayView>{{{3, 2, 1, 2}, values}});
  const ExemplarSet set = FinishLayer(state, 0, {});
  EXPECT_THAT(set.photo_ids, ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(set.activations, ElementsAre(3, 2, 9, 7));
}

TEST(Push, BatchesPartsAndOrderDoNotMatter) {
  const std::string one_by_one = Content(AllPushed(1));
  EXPECT_EQ(Content(AllPushed(4)), one_by_one);
  TallyState first = BeginTally(kLayers, kPhotos, 4);
  TallyState second = BeginTally(kLayers, kPhotos, 4);
  PushBatch(first, 7, 12);
  PushBatch(second, 3, 7);
  PushBatch(second, 0, 3);
  const TemporaryFolder folder;
  SaveState(folder / "part", second);
  Merge(first, LoadState(folder / "part"));
  EXPECT_EQ(Content(std::move(first)), one_by_one);
}

TEST(Push, OnePhotoNeedsNoBatchDimension) {
  TallyState state = BeginTally(kLayers, kPhotos, 4);
  for (int32_t id = 0; id < kPhotos; ++id) {
    const std::vector<ArrayView> activations = {
        {{3, 4, 5}, std::span(kMaps).subspan(id * kMapValues, kMapValues)},
        {{2}, std::span(kVectors).subspan(id * 2, 2)}};
    PushActivations(state, std::span(&id, 1), activations);
  }
  EXPECT_EQ(Content(std::move(state)), Content(AllPushed(1)));
}

TEST(Push, RefusesWhatDoesNotFitAndAddsNothing) {
  TallyState state = AllPushed(1);
  const std::string before = Content(AllPushed(1));
  state.photos[0].reset();
  state.photos[1].reset();
  const auto push = [&](const std::vector<int32_t>& ids, const Shape& maps, int64_t values) {
    return ErrorOf(ErrorKind::kInput, [&] {
      const std::vector<ArrayView> activations = {
          {maps, std::span(kMaps).first(values)},
          {{std::ssize(ids), 2}, std::span(kVectors).first(ids.size() * 2)}};
      PushActivations(state, ids, activations);
    });
  };
  EXPECT_THAT(push({0}, {1, 3, 5, 4}, 60), HasSubstr("layer 'maps': activations of shape"));
  EXPECT_THAT(push({0, 1}, {1, 3, 4, 5}, 60), HasSubstr("[2, 3, 4, 5] is expected"));
  EXPECT_THAT(push({0}, {2, 3, 4, 5}, 120), HasSubstr("[1, 3, 4, 5] is expected"));
  EXPECT_THAT(push({0, 1}, {3, 4, 5}, 60), HasSubstr("[2, 3, 4, 5] is expected"));
  EXPECT_THAT(push({0}, {1, 3, 4, 5}, 59), HasSubstr("59 activations"));
  EXPECT_THAT(push({0, 0}, {2, 3, 4, 5}, 120), HasSubstr("photo 0 comes twice"));
  EXPECT_THAT(push({0, 2}, {2, 3, 4, 5}, 120), HasSubstr("photo 2 comes twice"));
  EXPECT_THAT(push({-1}, {1, 3, 4, 5}, 60), HasSubstr("photo id -1"));
  EXPECT_THAT(push({kPhotos}, {1, 3, 4, 5}, 60), HasSubstr("photo id 12"));
  EXPECT_THAT(push({}, {0, 3, 4, 5}, 0), HasSubstr("no photo"));
  EXPECT_THAT(
      ErrorOf(ErrorKind::kInput, [&] { PushActivations(state, std::vector<int32_t>{0}, {}); }),
      HasSubstr("0 arrays of activations for 2 layers"));
  EXPECT_EQ(state.Seen(), kPhotos - 2);
  EXPECT_EQ(Content(std::move(state)), before);
}

TEST(Push, RefusesLayersThatCannotBe) {
  const auto begin = [](const std::vector<RunLayer>& layers, int64_t k) {
    return ErrorOf(ErrorKind::kUsage, [&] { BeginTally(layers, 3, k); });
  };
  EXPECT_THAT(begin({}, 4), HasSubstr("no layers"));
  EXPECT_THAT(begin({{"a", 0, 1, 1}}, 4), HasSubstr("0 units"));
  EXPECT_THAT(begin({{"a", 1, 1, 1}, {"a", 2, 1, 1}}, 4), HasSubstr("the name 'a'"));
  EXPECT_THAT(begin({{"a", 1, 1, 1}}, 0), HasSubstr("1 to 1000"));
}

TEST(Push, MarksAUnitWithoutANumber) {
  TallyState state = BeginTally({{"layer", 2, 1, 1}}, 1);
  const std::vector<float> values = {std::numeric_limits<float>::quiet_NaN(), 1};
  PushActivations(state, std::vector<int32_t>{0}, std::vector<ArrayView>{{{1, 2}, values}});
  EXPECT_THAT(FinishLayer(state, 0, {}).states,
              ElementsAre(UnitState::kInvalid, UnitState::kConstant));
}

/// A folder with pictures for every id.
class PushedRunTest : public testing::Test {
 protected:
  PushedRunTest() {
    CreateFolder(folder_ / "photos");
    for (int id = 0; id < kPhotos; ++id) {
      WriteFileAtomically(PhotoPath(id), EncodePng(NoiseImage(20 + id, 16, 7)));
    }
    request_.folder = folder_ / "run";
    request_.network = "a network of mine";
  }
  Path PhotoPath(int id) const { return folder_ / "photos" / (std::to_string(10 + id) + ".png"); }
  milan::Run Write(TallyState state) {
    return WritePushedRun(request_, OpenPhotoSet(folder_ / "photos"), std::move(state), progress_);
  }

  TemporaryFolder folder_;
  PushedRunRequest request_;
  NoProgress progress_;
};

TEST_F(PushedRunTest, IsARunThatStepsCanReadAgain) {
  request_.options.quantile = 0.75;
  const milan::Run run = Write(AllPushed(3));
  EXPECT_EQ(run.manifest.network_path, "a network of mine");
  ASSERT_EQ(run.photos.size(), size_t{kPhotos});
  EXPECT_EQ(run.photos[3].name, "13.png");
  EXPECT_EQ(run.photos[3].width, 23);
  EXPECT_EQ(run.photos[3].hash, HashFile(PhotoPath(3)));
  EXPECT_TRUE(LoadPhoto(run.Photos(), 3).ok());
  TallyState state = AllPushed(1);
  const ExemplarSet expected = FinishLayer(state, 0, request_.options);
  const ExemplarSet found = run.Exemplars("maps");
  EXPECT_EQ(found.photo_ids, expected.photo_ids);
  EXPECT_EQ(found.thresholds, expected.thresholds);
  EXPECT_EQ(found.quantile, 0.75);
  EXPECT_TRUE(std::filesystem::exists(run.folder / "units.csv"));
}

TEST_F(PushedRunTest, APhotoThatWasNotPushedIsSkipped) {
  TallyState state = BeginTally(kLayers, kPhotos, 4);
  PushBatch(state, 0, 11);
  const milan::Run run = Write(std::move(state));
  EXPECT_EQ(run.manifest.skipped_count, 1);
  EXPECT_EQ(run.photos[11].failure, "no activations were pushed");

  request_.options.strict = true;
  request_.overwrite = true;
  TallyState again = BeginTally(kLayers, kPhotos, 4);
  PushBatch(again, 0, 11);
  EXPECT_THAT(ErrorOf(ErrorKind::kInput, [&] { Write(std::move(again)); }), HasSubstr("21.png"));
}

TEST_F(PushedRunTest, RefusesWhatWouldNotBeARun) {
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, [&] { Write(BeginTally(kLayers, kPhotos, 4)); }),
              HasSubstr("no activations"));
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, [&] { Write(BeginTally(kLayers, 3, 4)); }),
              HasSubstr("activations of 3 photos"));
  WriteFileAtomically(PhotoPath(5), "no picture");
  EXPECT_THAT(ErrorOf(ErrorKind::kInput, [&] { Write(AllPushed(1)); }), HasSubstr("15.png"));
  EXPECT_FALSE(std::filesystem::exists(request_.folder));
}

TEST_F(PushedRunTest, ReplacesARunOnlyWhenAsked) {
  Write(AllPushed(1));
  EXPECT_THAT(ErrorOf(ErrorKind::kUsage, [&] { Write(AllPushed(1)); }), HasSubstr("holds a run"));
  request_.overwrite = true;
  request_.network = "another";
  EXPECT_EQ(Write(AllPushed(1)).manifest.network_path, "another");
}

}  // namespace
}  // namespace milan
