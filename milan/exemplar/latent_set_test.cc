#include "milan/exemplar/latent_set.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <numeric>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/cluster/local_cluster.h"
#include "milan/exemplar/tally_run.h"
#include "tests/support/fake_engine.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::vector<float> Drawn(const std::string& distribution, size_t count, uint64_t seed = 1) {
  std::vector<float> values(count);
  Random random(seed);
  Draw(ParseDistribution(distribution), random, values);
  return values;
}

double Mean(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double Deviation(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += std::pow(value - Mean(values), 2);
  return std::sqrt(sum / static_cast<double>(values.size()));
}

TEST(Distribution, NumbersAreDistributedAsTheirNameSays) {
  const auto normal = Drawn("normal", 4000);
  EXPECT_NEAR(Mean(normal), 0, 0.06);
  EXPECT_NEAR(Deviation(normal), 1, 0.05);
  const auto within =
      std::count_if(normal.begin(), normal.end(), [](float value) { return std::abs(value) < 1; });
  EXPECT_NEAR(static_cast<double>(within) / 4000, 0.6827, 0.03);
  const auto shifted = Drawn("normal(10, 0.5)", 4000);
  EXPECT_NEAR(Mean(shifted), 10, 0.03);
  EXPECT_NEAR(Deviation(shifted), 0.5, 0.03);
  const auto uniform = Drawn("uniform(-3,1)", 4000);
  EXPECT_NEAR(Mean(uniform), -1, 0.1);
  EXPECT_GE(*std::min_element(uniform.begin(), uniform.end()), -3);
  EXPECT_LT(*std::max_element(uniform.begin(), uniform.end()), 1);
  const auto truncated = Drawn("truncated(0.7)", 4000);
  EXPECT_LE(*std::max_element(truncated.begin(), truncated.end()), 0.7F);
  EXPECT_GT(*std::max_element(truncated.begin(), truncated.end()), 0.65F);
  std::set<float> classes;
  for (const float value : Drawn("class(4)", 400)) classes.insert(value);
  EXPECT_EQ(classes, (std::set<float>{0, 1, 2, 3}));
  const auto one = Drawn("one-hot", 9);
  EXPECT_EQ(std::count(one.begin(), one.end(), 1.0F), 1);
  EXPECT_EQ(std::count(one.begin(), one.end(), 0.0F), 8);
}

TEST(Distribution, NumbersAreTheSameEverywhere) {
  // Written down once: another version or platform that draws others makes other pictures.
  EXPECT_THAT(Drawn("uniform(0,1)", 2), testing::ElementsAre(0.56656158F, 0.745781779F));
  EXPECT_THAT(Drawn("normal", 2), testing::ElementsAre(0.429452211F, 0.456455201F));
}

TEST(Distribution, TextIsReadBack) {
  for (const char* text :
       {"normal", "normal(1,2.5)", "uniform(-1,1)", "truncated(2)", "one-hot", "class(1000)"}) {
    EXPECT_EQ(ToString(ParseDistribution(text)), text);
  }
  EXPECT_EQ(ToString(ParseDistribution("uniform")), "uniform(-1,1)");
  for (const char* text :
       {"", "gauss", "normal(1)", "normal(0,-1)", "uniform(2,1)", "class", "class(0)", "class(2.5)",
        "uniform(0,x)", "uniform(0,1", "truncated(0)", "normal(nan,1)"}) {
    EXPECT_THAT([&] { ParseDistribution(text); },
                ThrowsMessage<Error>(HasSubstr("'" + std::string(text) + "': expected normal")));
  }
}

LatentRecipe SmallRecipe() {
  LatentRecipe recipe;
  recipe.count = 24;
  recipe.seed = 5;
  recipe.inputs = {{"z", {1, 6}, ParseDistribution("normal"), "", ""},
                   {"y", {1}, ParseDistribution("class(3)"), "", ""}};
  recipe.picture = {.output = "picture", .height = 2, .width = 3};
  return recipe;
}

std::vector<Array> LatentsOf(const LatentSet& set, int64_t id) {
  std::vector<Array> inputs = set.EmptyInputs();
  set.Fill(id, inputs);
  return inputs;
}

TEST(LatentSet, ALatentDependsOnTheSeedAndItsNumberOnly) {
  LatentRecipe recipe = SmallRecipe();
  const LatentSet set(recipe);
  recipe.count = 1000;
  const LatentSet longer(recipe);
  recipe.seed = 6;
  const LatentSet other(recipe);
  std::set<std::vector<float>> seen;
  for (int64_t id = 23; id >= 0; --id) {
    const auto inputs = LatentsOf(set, id);
    EXPECT_EQ(inputs[0].values, LatentsOf(longer, id)[0].values);
    EXPECT_EQ(inputs[1].values, LatentsOf(longer, id)[1].values);
    EXPECT_NE(inputs[0].values, LatentsOf(other, id)[0].values);
    seen.insert(inputs[0].values);
  }
  EXPECT_EQ(seen.size(), 24U);
}

TEST(LatentSet, ReadsRowsOfAFile) {
  const TemporaryFolder folder;
  std::vector<float> values(18);
  std::iota(values.begin(), values.end(), 0.0F);
  WriteNpy(folder / "z.npy", {{3, 6, 1}, values});
  LatentRecipe recipe = SmallRecipe();
  recipe.count = CountLatents(folder / "z.npy");
  EXPECT_EQ(recipe.count, 3);
  recipe.inputs[0].file = folder / "z.npy";
  const LatentSet set(recipe);
  EXPECT_EQ(LatentsOf(set, 2)[0].values, (std::vector<float>{12, 13, 14, 15, 16, 17}));

  recipe.count = 4;
  EXPECT_THAT([&] { LatentSet{recipe}; },
              ThrowsMessage<Error>(AllOf(HasSubstr("z.npy"), HasSubstr("has 3 latents"))));
  recipe.count = 3;
  recipe.inputs[0].shape = {1, 7};
  EXPECT_THAT([&] { LatentSet{recipe}; },
              ThrowsMessage<Error>(AllOf(HasSubstr("[3, 6, 1]"), HasSubstr("'z' takes [1, 7]"))));
  values[7] = std::numeric_limits<float>::infinity();
  WriteNpy(folder / "z.npy", {{3, 6}, values});
  recipe.inputs[0].shape = {1, 6};
  EXPECT_THAT([&] { LatentsOf(LatentSet(recipe), 1); },
              ThrowsMessage<Error>(AllOf(HasSubstr("z.npy: row 1"), HasSubstr("not finite"))));
}

TEST(LatentRecipe, IsReadBackFromItsText) {
  LatentRecipe recipe = SmallRecipe();
  recipe.inputs.push_back({"w", {1, 2}, {}, "/data/w.npy", "abc"});
  recipe.picture.channels = Channels::kBgr;
  recipe.picture.layout = PixelLayout::kNhwc;
  recipe.picture.low = 0;
  const LatentRecipe again = ParseLatentRecipe(ToJsonText(recipe), "run.json");
  EXPECT_EQ(again, recipe);
  EXPECT_EQ(Summarize(again), "24 latents (w.npy, seed 5)");
  LatentRecipe moved = recipe;
  moved.inputs[2].file = "/elsewhere/w.npy";
  EXPECT_EQ(moved, recipe);
  moved.inputs[2].hash = "def";
  EXPECT_NE(moved, recipe);
  EXPECT_THAT([] { ParseLatentRecipe(R"({"count": 3})", "run.json"); },
              ThrowsMessage<Error>(HasSubstr("run.json: member 'seed' is missing")));
}

TEST(PictureOf, TheRangeBecomesBytes) {
  PictureRule rule{.output = "x", .height = 1, .width = 2};
  const std::vector<float> values = {-1, 1, 0, 0.5F, -7, std::nanf("")};
  EXPECT_EQ(PictureOf(rule, {{1, 3, 1, 2}, values}).pixels,
            (std::vector<uint8_t>{0, 128, 0, 255, 191, 0}));
  rule.channels = Channels::kBgr;
  EXPECT_EQ(PictureOf(rule, {{1, 3, 1, 2}, values}).pixels,
            (std::vector<uint8_t>{0, 128, 0, 0, 191, 255}));
  rule.layout = PixelLayout::kNhwc;
  rule.low = 0;
  EXPECT_EQ(PictureOf(rule, {{1, 1, 2, 3}, values}).pixels,
            (std::vector<uint8_t>{0, 255, 0, 0, 0, 128}));
  rule.channels = Channels::kGrey;
  EXPECT_EQ(PictureOf(rule, {{1, 1, 2, 1}, std::span(values).first(2)}).pixels,
            (std::vector<uint8_t>{0, 0, 0, 255, 255, 255}));
}

TEST(WithShape, ReadsTheArrangementOrSaysThatItIsNoPicture) {
  const PictureRule rule = WithShape({.output = "x"}, {1, 24, 32, 3});
  EXPECT_EQ(rule.layout, PixelLayout::kNhwc);
  EXPECT_EQ(rule.height, 24);
  EXPECT_EQ(WithShape({.output = "x"}, {1, 1, 24, 32}).channels, Channels::kGrey);
  EXPECT_THAT(
      [] {
        WithShape({.output = "x"}, {1, 10});
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("'x'"), HasSubstr("[1, 10]"))));
}

/// A generator of pictures of 2 x 3 with a layer of two units, of maps of 1 x 2.
class GeneratorRunTest : public testing::Test {
 protected:
  static EngineFactory MakeEngine() {
    return [](const std::vector<Layer>& pass) {
      const bool is_picture = pass.empty();
      return std::make_unique<FakeEngine>([=](std::span<const ArrayView> inputs) {
        const auto z = inputs[0].values;
        if (!is_picture) {
          return std::vector<Array>{{{1, 2, 1, 2}, {z[0], z[1], z[2], inputs[1].values[0]}}};
        }
        Array picture{{1, 3, 2, 3}, std::vector<float>(18)};
        for (size_t i = 0; i < 18; ++i) picture.values[i] = z[i % 6] / 2;
        return std::vector<Array>{picture};
      });
    };
  }

  TallyRunRequest Request(const std::string& run, const Shard& shard = {}) const {
    TallyRunRequest request;
    request.folder = folder_ / run;
    request.latents = latents_;
    request.options.k = 3;
    request.options.workers = 2;
    request.options.also = {ExemplarKind::kWeakest};
    request.manifest.k = 3;
    request.manifest.also = request.options.also;
    request.manifest.latents = latents_->recipe();
    request.manifest.photo_root = "photos";
    request.manifest.photo_count = latents_->size();
    request.manifest.preprocessing.shorter_side = 0;
    request.manifest.preprocessing.size = {2, 3};
    request.manifest.preprocessing.crop = {0, 0};
    request.manifest.layers = {{"layer", 2, 1, 2}};
    request.manifest.shard = shard;
    return request;
  }

  void Make(const TallyRunRequest& request) const {
    const PhotoSet photos = latents_->PhotosOf(request.folder);
    PrepareRun(request, photos);
    NoProgress progress;
    MakeTallyRun(request, layers_, photos, MakeEngine(), progress);
  }

  /// All files of a run, by name.
  std::map<std::string, std::string> FilesOf(const std::string& run) const {
    std::map<std::string, std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_ / run)) {
      if (!entry.is_regular_file()) continue;
      files[entry.path().lexically_relative(folder_ / run)] = ReadFile(entry.path());
    }
    return files;
  }

  TemporaryFolder folder_;
  std::shared_ptr<const LatentSet> latents_ = std::make_shared<const LatentSet>(SmallRecipe());
  std::vector<Layer> layers_ = {{"layer", "Relu", Layout::kMap, {1, 2, 1, 2}, 2, 1, 2}};
};

TEST_F(GeneratorRunTest, PicturesOfTheExemplarsLieInTheRun) {
  Make(Request("run"));
  std::filesystem::rename(folder_ / "run", folder_ / "moved");  // nothing in it is absolute
  const auto run = OpenRun(folder_ / "moved");
  EXPECT_EQ(run.manifest.latents, latents_->recipe());
  const ExemplarSet set = run.Exemplars("layer");
  std::vector<std::pair<float, int>> peaks;
  for (int id = 0; id < 24; ++id) {
    const auto z = LatentsOf(*latents_, id)[0].values;
    peaks.emplace_back(-std::max(z[0], z[1]), id);
  }
  std::sort(peaks.begin(), peaks.end());
  const PhotoSet photos = run.Photos();
  for (int64_t rank = 0; rank < 3; ++rank) {
    const int id = peaks[static_cast<size_t>(rank)].second;
    ASSERT_EQ(set.PhotoId(0, rank), id);
    std::string hash;
    const DecodeResult picture = LoadPhoto(photos, static_cast<size_t>(id), &hash);
    ASSERT_TRUE(picture.ok()) << picture.failure;
    EXPECT_EQ(hash, run.photos[static_cast<size_t>(id)].hash);
    const float value = LatentsOf(*latents_, id)[0].values[0] / 2;
    EXPECT_EQ(picture.image.pixels[0], std::lround((std::clamp(value, -1.0F, 1.0F) + 1) / 2 * 255));
  }
  size_t written = 0;
  for (const PhotoRecord& photo : run.photos) {
    EXPECT_EQ(photo.width, 3);
    EXPECT_EQ(photo.bytes > 0, std::filesystem::exists(folder_ / "moved/photos" / photo.name));
    written += photo.bytes > 0 ? 1 : 0;
  }
  EXPECT_LE(written, 2U * 2 * 3);  // units, kinds, k
}

TEST_F(GeneratorRunTest, ShardsAndRanksGiveTheSameBytes) {
  Make(Request("whole"));
  Make(Request("part1", {1, 3}));
  Make(Request("part2", {2, 3}));
  Make(Request("part3", {3, 3}));
  MergeShards({folder_ / "part2", folder_ / "part1", folder_ / "part3"}, folder_ / "merged", false);
  EXPECT_EQ(FilesOf("merged"), FilesOf("whole"));

  const LocalCluster cluster(2);
  const TallyRunRequest request = Request("ranks");
  const PhotoSet photos = latents_->PhotosOf(request.folder);
  PrepareRun(request, photos);
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < 2; ++rank) {
      threads.emplace_back([&, rank, own = request]() mutable {
        const auto ranks = cluster.Join(rank);
        own.ranks = ranks.get();
        NoProgress progress;
        MakeTallyRun(own, layers_, photos, MakeEngine(), progress);
      });
    }
  }
  EXPECT_EQ(FilesOf("ranks"), FilesOf("whole"));
}

TEST_F(GeneratorRunTest, OtherLatentsAreAnotherRun) {
  Make(Request("run"));
  TallyRunRequest request = Request("run");
  EXPECT_EQ(InspectRun(request, latents_->PhotosOf(request.folder)), RunProgress::kComplete);
  request.manifest.latents->seed = 6;
  EXPECT_THAT([&] { InspectRun(request, {}); },
              ThrowsMessage<Error>(HasSubstr("other latents: 24 latents (seed 5)")));
  request.manifest.latents.reset();
  EXPECT_THAT([&] { InspectRun(request, {}); }, ThrowsMessage<Error>(HasSubstr("--latents")));
}

}  // namespace
}  // namespace milan
