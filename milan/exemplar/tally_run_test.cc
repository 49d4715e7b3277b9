#include "milan/exemplar/tally_run.h"

#include <atomic>
#include <chrono>
#include <map>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/random.h"
#include "milan/cluster/local_cluster.h"
#include "tests/support/fake_engine.h"
#include "tests/support/pictures.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::HasSubstr;

constexpr int kSize = 8;     // of photos and of the network's input
constexpr int kPhotos = 30;  // one of them broken

std::vector<Array> ScriptedActivations(std::span<const ArrayView> inputs) {
  Array maps{{1, 4, 2, 2}, std::vector<float>(16, 0)};
  Array vector{{1, 3}, std::vector<float>(3, 0)};
  for (size_t i = 0; i < inputs[0].values.size(); ++i) {
    float& activation = maps.values[i % 16];
    activation = std::max(activation, inputs[0].values[i] * static_cast<float>(i % 7));
    vector.values[i % 3] += inputs[0].values[i];
  }
  return {maps, vector};
}

/// Asks to stop after so many photos.
class StopAfter final : public NoProgress {
 public:
  explicit StopAfter(int64_t photos) : photos_(photos) {}
  void Update(int64_t done) override { done_ = done; }
  bool Cancelled() const override { return done_ >= photos_; }

 private:
  int64_t photos_;
  std::atomic<int64_t> done_ = 0;
};

/// A rank that is lost after so many photos.
class LostAfter final : public NoProgress {
 public:
  explicit LostAfter(int photos) : photos_(photos) {}
  bool Cancelled() const override { return asked_++ >= photos_; }

 private:
  int photos_;
  mutable std::atomic<int> asked_ = 0;
};

class TallyRunTest : public testing::Test {
 protected:
  TallyRunTest() {
    CreateFolder(folder_ / "photos");
    for (int i = 0; i < kPhotos; ++i) {
      const std::string picture = EncodePng(NoiseImage(kSize, kSize, i));
      WriteFileAtomically(PhotoPath(i), i == 7 ? picture.substr(0, 60) : picture);
    }
    layers_ = {{"maps", "Relu", Layout::kMap, {1, 4, 2, 2}, 4, 2, 2},
               {"vector", "Gemm", Layout::kVector, {1, 3}, 3, 1, 1}};
    request_.options.k = 5;
    request_.options.also = {ExemplarKind::kWeakest, ExemplarKind::kMiddle, ExemplarKind::kRandom};
    request_.options.workers = 2;
    request_.manifest.milan_version = "0.1.0";
    request_.manifest.network_hash = "11";
    request_.manifest.k = 5;
    request_.manifest.also = request_.options.also;
    request_.manifest.photo_count = kPhotos;
    request_.manifest.preprocessing.shorter_side = kSize;
    request_.manifest.preprocessing.crop = {kSize, kSize};
    for (const Layer& layer : layers_) {
      request_.manifest.layers.push_back({layer.name, layer.units, layer.height, layer.width});
    }
  }

  Path PhotoPath(int i) const {
    return folder_ / "photos" / ("p" + std::to_string(100 + i) + ".png");
  }

  void Make(const Path& run, Progress& progress, TallyRunRequest request) const {
    request.folder = run;
    const PhotoSet photos = OpenPhotoSet(folder_ / "photos");
    PrepareRun(request, photos);
    MakeTallyRun(request, layers_, photos, MakeEngine(0), progress);
  }
  /// Engines that need that long for a photo.
  static EngineFactory MakeEngine(int milliseconds) {
    return [=](const std::vector<Layer>& pass) {
      return std::make_unique<FakeEngine>([=](std::span<const ArrayView> inputs) {
        std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
        std::vector<Array> all = ScriptedActivations(inputs);
        std::vector<Array> outputs;
        for (const Layer& layer : pass) outputs.push_back(all[layer.name == "maps" ? 0 : 1]);
        return outputs;
      });
    };
  }
  /// One rank per element, as threads; the last one is slow. A rank that is told to stop is lost:
  /// the others are stopped then, as mpirun does. True when the run is done.
  bool MakeInRanks(const Path& run, const std::vector<Progress*>& progress) const {
    TallyRunRequest request = request_;
    request.folder = run;
    const PhotoSet photos = OpenPhotoSet(folder_ / "photos");
    PrepareRun(request, photos);
    const int size = static_cast<int>(progress.size());
    const LocalCluster cluster(size);
    std::atomic<bool> is_done = true;
    {
      std::vector<std::jthread> threads;
      for (int rank = 0; rank < size; ++rank) {
        threads.emplace_back([&, rank, own = request]() mutable {
          const auto ranks = cluster.Join(rank);
          own.ranks = ranks.get();
          own.options.workers = 1 + rank % 2;
          try {
            MakeTallyRun(own, layers_, photos, MakeEngine(rank == size - 1 ? 20 : 5),
                         *progress[rank]);
          } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::kCancelled) << error.what();
            is_done = false;
            cluster.Stop();
          }
        });
      }
    }
    return is_done;
  }
  std::set<Path> StateFiles(const Path& run) const {
    std::set<Path> files;
    for (const auto& entry : std::filesystem::directory_iterator(run / "state")) {
      files.insert(entry.path());
    }
    return files;
  }
  void Make(const Path& run) const {
    NoProgress progress;
    Make(run, progress, request_);
  }
  /// Every file of a run, one after the other.
  static std::string Content(const Path& run) {
    std::vector<Path> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(run)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    std::string content;
    for (const Path& file : files) {
      content += std::filesystem::relative(file, run).string() + '\n' + ReadFile(file) + '\n';
    }
    return content;
  }
  template <typename Action>
  static std::string ErrorOf(const Action& action) {
    try {
      action();
    } catch (const Error& error) {
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  TemporaryFolder folder_;
  std::vector<Layer> layers_;
  TallyRunRequest request_;
};

TEST_F(TallyRunTest, InterruptedAnywhereItContinuesToTheSameBytes) {
  Make(folder_ / "whole");
  const std::string whole = Content(folder_ / "whole");
  Random random(1);
  for (int repeat = 0; repeat < 10; ++repeat) {
    const Path run = folder_ / ("run" + std::to_string(repeat));
    for (int stop = 0; stop < 3; ++stop) {
      StopAfter progress(1 + static_cast<int64_t>(random.Below(9)));
      EXPECT_THROW(Make(run, progress, request_), Error);
      EXPECT_FALSE(ReadRunManifest(run).complete);
    }
    Make(run);
    EXPECT_TRUE(Content(run) == whole);
  }
}

TEST_F(TallyRunTest, ShardsInAnyOrderMergeToTheSameBytes) {
  Make(folder_ / "whole");
  const std::string whole = Content(folder_ / "whole");
  Random random(2);
  for (const int count : {2, 3, 7}) {
    std::vector<Path> parts;
    for (int index = 1; index <= count; ++index) {
      request_.manifest.shard = {index, count};
      parts.push_back(folder_ / (std::to_string(index) + "of" + std::to_string(count)));
      Make(parts.back());
    }
    random.Shuffle(parts);
    MergeShards(parts, folder_ / "merged", true);
    EXPECT_TRUE(Content(folder_ / "merged") == whole) << count;
    EXPECT_THAT(ErrorOf([&] { MergeShards(parts, folder_ / "merged", false); }),
                HasSubstr("holds a run already"));
    parts.pop_back();
    EXPECT_THAT(ErrorOf([&] { MergeShards(parts, folder_ / "merged", true); }),
                HasSubstr("missing"));
  }
}

TEST_F(TallyRunTest, AMemoryLimitMeansMorePassesAndTheSameBytes) {
  Make(folder_ / "whole");
  request_.memory_limit = LargestPassBytes({layers_[0]}, request_.options);
  EXPECT_EQ(PlanPasses(layers_, request_).size(), 2U);
  StopAfter progress(4);
  EXPECT_THROW(Make(folder_ / "run", progress, request_), Error);
  Make(folder_ / "run");
  EXPECT_TRUE(Content(folder_ / "run") == Content(folder_ / "whole"));
  request_.memory_limit = 1000;
  EXPECT_THAT(ErrorOf([&] { PlanPasses(layers_, request_); }), HasSubstr("'maps' alone needs"));
}

/// Does something before the second pass.
class BeforeSecondPass final : public NoProgress {
 public:
  explicit BeforeSecondPass(std::function<void()> action) : action_(std::move(action)) {}
  void Begin(const std::string&, int64_t, const std::string&) override {
    if (++passes_ == 2) action_();
  }

 private:
  std::function<void()> action_;
  int passes_ = 0;
};

TEST_F(TallyRunTest, APhotoThatChangesFromPassToPassIsNamed) {
  request_.memory_limit = LargestPassBytes({layers_[0]}, request_.options);
  BeforeSecondPass progress([&] {
    std::string content = ReadFile(PhotoPath(3));
    content.back() ^= 1;
    WriteFileAtomically(PhotoPath(3), content);
  });
  EXPECT_THAT(ErrorOf([&] { Make(folder_ / "run", progress, request_); }),
              HasSubstr("p103.png changed from one pass to the next"));
  EXPECT_FALSE(ReadRunManifest(folder_ / "run").complete);
}

TEST_F(TallyRunTest, AnyNumberOfRanksGivesTheBytesOfOneProcess) {
  Make(folder_ / "whole");
  const std::string whole = Content(folder_ / "whole");
  for (const int size : {1, 2, 3, 5, 9}) {
    NoProgress silent;
    const Path run = folder_ / (std::to_string(size) + " ranks");
    EXPECT_TRUE(MakeInRanks(run, std::vector<Progress*>(size, &silent)));
    EXPECT_TRUE(Content(run) == whole) << size;
  }
}

TEST_F(TallyRunTest, RanksShareShardsAndPassesToo) {
  NoProgress silent;
  const std::vector<Progress*> three(3, &silent);
  Make(folder_ / "whole");
  request_.memory_limit = LargestPassBytes({layers_[0]}, request_.options);
  EXPECT_TRUE(MakeInRanks(folder_ / "passes", three));
  EXPECT_TRUE(Content(folder_ / "passes") == Content(folder_ / "whole"));
  for (const int index : {1, 2}) {
    request_.manifest.shard = {index, 2};
    EXPECT_TRUE(MakeInRanks(folder_ / std::to_string(index), three));
  }
  MergeShards({folder_ / "1", folder_ / "2"}, folder_ / "merged", false);
  EXPECT_TRUE(Content(folder_ / "merged") == Content(folder_ / "whole"));
}

TEST_F(TallyRunTest, WhenARankIsLostAnyNumberOfRanksContinues) {
  Make(folder_ / "whole");
  const std::string whole = Content(folder_ / "whole");
  request_.save_every_seconds = 0.001;
  for (const int lost : {0, 1, 2}) {
    for (const int size : {1, 2, 4}) {
      const Path run = folder_ / (std::to_string(lost) + "-" + std::to_string(size));
      NoProgress silent;
      LostAfter stops(lost == 2 ? 0 : 1);
      std::vector<Progress*> progress(3, &silent);
      progress[lost] = &stops;
      ASSERT_FALSE(MakeInRanks(run, progress));
      EXPECT_GE(StateFiles(run).size(), 2U) << "ranks keep what they did";
      EXPECT_TRUE(MakeInRanks(run, std::vector<Progress*>(size, &silent)));
      EXPECT_TRUE(Content(run) == whole) << lost << ' ' << size;
    }
  }
}

TEST_F(TallyRunTest, AGatheredCheckpointThatWasNotRemovedCountsOnce) {
  Make(folder_ / "whole");
  request_.save_every_seconds = 0.001;
  NoProgress silent;
  LostAfter stops(1);
  const Path run = folder_ / "run";
  ASSERT_FALSE(MakeInRanks(run, {&silent, &stops, &silent}));
  std::map<Path, std::string> kept;
  for (const Path& file : StateFiles(run)) kept[file] = ReadFile(file);
  LostAfter at_once(0);
  EXPECT_THROW(Make(run, at_once, request_), Error);
  EXPECT_EQ(StateFiles(run).size(), 1U) << "what the ranks had is in the main checkpoint";
  const Path main = *StateFiles(run).begin();
  for (const auto& [file, content] : kept) {
    if (file != main) WriteFileAtomically(file, content);
  }
  Make(run);
  EXPECT_TRUE(Content(run) == Content(folder_ / "whole"));
}

TEST_F(TallyRunTest, AnotherRequestIsRefusedWithTheDifference) {
  StopAfter progress(4);
  EXPECT_THROW(Make(folder_ / "run", progress, request_), Error);
  const auto refusal = [&](auto change) {
    TallyRunRequest other = request_;
    change(other.manifest);
    NoProgress silent;
    return ErrorOf([&] { Make(folder_ / "run", silent, other); });
  };
  EXPECT_THAT(refusal([](RunManifest& run) { run.network_hash = "12"; }), HasSubstr("network"));
  EXPECT_THAT(refusal([](RunManifest& run) { run.k = 6; }), HasSubstr("--exemplars 5"));
  EXPECT_THAT(refusal([](RunManifest& run) { run.quantile = 0.5; }), HasSubstr("--quantile"));
  EXPECT_THAT(refusal([](RunManifest& run) { run.milan_version = "9"; }), HasSubstr("milan 0.1"));
  EXPECT_THAT(refusal([](RunManifest& run) { run.shard = {1, 2}; }), HasSubstr("--shard 1/1"));
  // A photo of the same size with other content, after it was seen.
  const std::string before = ReadFile(PhotoPath(0));
  std::string changed = before;
  changed.back() ^= 1;
  WriteFileAtomically(PhotoPath(0), changed);
  EXPECT_THAT(ErrorOf([&] { Make(folder_ / "run"); }), HasSubstr("p100.png has changed"));
  WriteFileAtomically(PhotoPath(0), before);
  Make(folder_ / "run");
}

TEST_F(TallyRunTest, ADamagedCheckpointIsNoticed) {
  StopAfter progress(4);
  EXPECT_THROW(Make(folder_ / "run", progress, request_), Error);
  for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run" / "state")) {
    std::string content = ReadFile(entry.path());
    const std::string whole = content;
    content[content.size() - 20] ^= 1;
    WriteFileAtomically(entry.path(), content);
    EXPECT_THAT(ErrorOf([&] { Make(folder_ / "run"); }), HasSubstr("damaged"));
    WriteFileAtomically(entry.path(), whole.substr(0, whole.size() / 2));
    EXPECT_THAT(ErrorOf([&] { Make(folder_ / "run"); }), HasSubstr(entry.path().string()));
  }
  request_.overwrite = true;
  Make(folder_ / "run");
}

TEST_F(TallyRunTest, OverlappingAndForeignPartsAreNotMerged) {
  request_.manifest.shard = {1, 2};
  Make(folder_ / "a");
  request_.manifest.shard = {2, 2};
  request_.manifest.quantile = request_.options.quantile = 0.9;
  Make(folder_ / "b");
  EXPECT_THAT(ErrorOf([&] {
                MergeShards({folder_ / "a", folder_ / "b"}, folder_ / "m", false);
              }),
              HasSubstr("--quantile"));
  EXPECT_THAT(ErrorOf([&] {
                MergeShards({folder_ / "a", folder_ / "a"}, folder_ / "m", false);
              }),
              HasSubstr("more than once"));
  EXPECT_THAT(ErrorOf([&] { OpenRun(folder_ / "a"); }), HasSubstr("milan merge"));
}

}  // namespace
}  // namespace milan
