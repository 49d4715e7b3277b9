#include "milan/exemplar/cluster_run.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/hash.h"
#include "tests/support/pictures.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class RecordedWarnings final : public Progress {
 public:
  void Begin(const std::string&, int64_t, const std::string&) override {}
  void Update(int64_t) override {}
  void Note(const std::string&) override {}
  void End() override {}
  void Warn(const std::string& text) override { warnings.push_back(text); }
  bool Cancelled() const override { return false; }
  std::vector<std::string> warnings;
};

/// Photos a.png, b.png, ... f.png, of which none is square, and tables of them.
class ClusterRunTest : public testing::Test {
 protected:
  ClusterRunTest() {
    CreateFolder(folder_ / "photos");
    for (int i = 0; i < 6; ++i) {
      const std::string name = std::string(1, static_cast<char>('a' + i)) + ".png";
      WriteFileAtomically(folder_ / "photos" / name,
                          EncodePng(NoiseImage(20 + i, 16, static_cast<uint64_t>(i))));
    }
    request_.clusters = folder_ / "groups.csv";
    request_.photos = folder_ / "photos";
    request_.folder = folder_ / "run";
    request_.k = 3;
  }

  milan::Run Make(const std::string& table) {
    WriteFileAtomically(request_.clusters, table);
    request_.overwrite = true;
    return MakeClusterRun(request_, progress_);
  }
  std::string ErrorOf(const std::string& table, ErrorKind kind = ErrorKind::kInput) {
    try {
      Make(table);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind);
      return error.what();
    }
    ADD_FAILURE() << "nothing was thrown for " << table;
    return "";
  }
  /// Names of a unit's photos, best first, without extension.
  static std::string PhotosOf(const milan::Run& run, int64_t unit) {
    const ExemplarSet set = run.Exemplars(run.manifest.layers.at(0).name);
    std::string names;
    for (int64_t rank = 0; rank < set.CountOf(unit); ++rank) {
      names += run.photos[static_cast<size_t>(set.PhotoId(unit, rank))].name.substr(0, 1);
    }
    return names;
  }

  TemporaryFolder folder_;
  ClusterRunRequest request_;
  RecordedWarnings progress_;
};

TEST_F(ClusterRunTest, EveryClusterIsAUnitWithItsName) {
  const milan::Run run =
      Make("photo,cluster\nf.png,10\nb.png,10\na.png,2\nb.png,2\nc.png,2\nd.png,2\ne.png,dogs\n");
  const RunLayer& layer = run.manifest.layers.at(0);
  EXPECT_EQ(layer.name, "groups");
  EXPECT_THAT(layer.unit_names, ElementsAre("2", "10", "dogs"));
  EXPECT_EQ(PhotosOf(run, 0), "abc");  // the first three, in photo order
  EXPECT_EQ(PhotosOf(run, 1), "bf");   // fewer than three
  EXPECT_EQ(PhotosOf(run, 2), "e");
  EXPECT_EQ(ReadFile(run.folder / "units.csv"),
            "layer,unit,state,saturated,duplicate_of,name\n"
            "groups,0,alive,no,,2\ngroups,1,alive,no,,10\ngroups,2,alive,no,,dogs\n");
  EXPECT_EQ(run.manifest.photo_count, 6);
  EXPECT_EQ(run.manifest.network_hash, HashFile(request_.clusters));
}

TEST_F(ClusterRunTest, MasksAreTheWholePhoto) {
  const milan::Run run = Make("photo,cluster\na.png,0\nb.png,0\n");
  const ExemplarSet set = run.Exemplars("groups");
  for (const MapSize size : {MapSize{112, 112}, MapSize{5, 9}}) {
    EXPECT_THAT(set.Mask(0, 1, size), testing::Each(1));
  }
  const Box view = ViewBox(run.manifest.preprocessing, 21, 16);
  EXPECT_EQ(view.left, 0);
  EXPECT_EQ(view.top, 0);
  EXPECT_EQ(view.right, 21);
  EXPECT_EQ(view.bottom, 16);
  EXPECT_FALSE(set.IsSaturated(0));
}

TEST_F(ClusterRunTest, ScoresDecideAndTiesAreInPhotoOrder) {
  const std::string table =
      "cluster,score,photo,note\nx,-1,a.png,\nx,-0.5,c.png,far\nx,-0.5,b.png,\nx,-3e1,d.png,\n";
  const milan::Run best = Make(table);
  EXPECT_EQ(PhotosOf(best, 0), "bca");
  EXPECT_THAT(best.Exemplars("groups").activations, ElementsAre(-0.5F, -0.5F, -1));
  EXPECT_FALSE(best.Exemplars("groups").IsSaturated(0));
  request_.ascending = true;
  EXPECT_EQ(PhotosOf(Make(table), 0), "dab");
  EXPECT_THAT(ErrorOf("photo,cluster\na.png,0\n", ErrorKind::kUsage), HasSubstr("score"));
}

TEST_F(ClusterRunTest, TheOrderOfRowsAndTheSpellingOfPathsDoNotMatter) {
  const milan::Run run = Make("photo,cluster\nc.png,1\na.png,1\nb.png,0\n");
  const std::string exemplars = ReadFile(run.folder / "exemplars/groups.safetensors");
  const std::string root = (folder_ / "photos/").string();
  const milan::Run same =
      Make("photo,cluster\n./b.png,0\n" + root + "a.png,1\n" + root + "c.png,1\n");
  EXPECT_EQ(ReadFile(same.folder / "exemplars/groups.safetensors"), exemplars);
}

TEST_F(ClusterRunTest, MissingPhotosAreNamedAndCounted) {
  EXPECT_THAT(ErrorOf("photo,cluster\na.png,0\nx.png,0\nx.png,1\ny.png,0\nz.png,0\nw.png,0\n"),
              AllOf(HasSubstr("groups.csv"), HasSubstr("4 of its photos"), HasSubstr("w.png"),
                    HasSubstr("x.png"), HasSubstr("..."), Not(HasSubstr("z.png")),
                    HasSubstr("a.png and the like")));
}

TEST_F(ClusterRunTest, BrokenTablesAreExplained) {
  EXPECT_THAT(ErrorOf("photo,cluster\n"), AllOf(HasSubstr("groups.csv"), HasSubstr("no rows")));
  EXPECT_THAT(ErrorOf("photo,label\na.png,0\n"), HasSubstr("cluster"));
  EXPECT_THAT(ErrorOf("photo,cluster\na.png,0\nb.png,\n"),
              AllOf(HasSubstr("row 2"), HasSubstr("no cluster")));
  EXPECT_THAT(ErrorOf("photo,cluster\n,0\n"), AllOf(HasSubstr("row 1"), HasSubstr("no photo")));
  EXPECT_THAT(ErrorOf("photo,cluster\na.png,0\nb.png,0\na.png,0\n"),
              AllOf(HasSubstr("row 3"), HasSubstr("a.png"), HasSubstr("second time")));
  for (const char* score : {"high", "nan", "inf", "1x"}) {
    EXPECT_THAT(ErrorOf(std::string("photo,cluster,score\na.png,0,") + score + "\n"),
                AllOf(HasSubstr("row 1"), HasSubstr(score)));
  }
  EXPECT_FALSE(std::filesystem::exists(request_.folder));
}

TEST_F(ClusterRunTest, ABrokenPhotoGivesItsPlaceToTheNext) {
  WriteFileAtomically(folder_ / "photos/b.png", "no picture");
  const std::string table = "photo,cluster\na.png,0\nb.png,0\nc.png,0\nd.png,0\ne.png,1\n";
  const milan::Run run = Make(table);
  EXPECT_EQ(PhotosOf(run, 0), "acd");
  EXPECT_EQ(run.manifest.skipped_count, 1);
  EXPECT_THAT(progress_.warnings, ElementsAre(HasSubstr("b.png")));
  EXPECT_THAT(ErrorOf("photo,cluster\na.png,0\nb.png,1\n"), HasSubstr("cluster 1"));
  request_.strict = true;
  EXPECT_THAT(ErrorOf(table), HasSubstr("b.png"));
}

TEST_F(ClusterRunTest, ARunIsReplacedOnlyWhenAsked) {
  Make("photo,cluster\na.png,0\n");
  request_.overwrite = false;
  EXPECT_THROW(MakeClusterRun(request_, progress_), Error);
  request_.folder = folder_ / "photos";
  EXPECT_THROW(MakeClusterRun(request_, progress_), Error);
}

}  // namespace
}  // namespace milan
