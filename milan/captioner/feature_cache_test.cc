#include "milan/captioner/feature_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/captioner/colour_run.h"
#include "milan/captioner/region_features.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Property;
using testing::Throws;

class Cache : public testing::Test {
 protected:
  Array Features(const std::vector<UnitName>& units) {
    computed_.clear();
    return FeatureCache(cache_, run_.manifest, encoder_)
        .Features(units, [&](const std::vector<UnitName>& missing) {
          computed_ = missing;
          return ComputeRegionFeatures(run_, missing, encoder_, 1, progress_);
        });
  }

  TemporaryFolder folder_;
  const Path cache_ = folder_ / "cache";
  milan::Run run_ = OpenRun(WriteColourRun(folder_.path(), 25));
  const Encoder encoder_ = Encoder::Open(WriteColourEncoder(folder_.path()));
  std::vector<UnitName> computed_;
  NoProgress progress_;
};

TEST_F(Cache, ComputesOnlyWhatIsMissing) {
  Features({{"layer", 3}, {"layer", 8}});
  EXPECT_THAT(computed_, ElementsAre(UnitName{"layer", 3}, UnitName{"layer", 8}));
  Features({{"layer", 8}, {"layer", 5}, {"layer", 1}, {"layer", 5}});
  EXPECT_THAT(computed_, ElementsAre(UnitName{"layer", 1}, UnitName{"layer", 5}));
  Features({{"layer", 1}, {"layer", 3}, {"layer", 5}, {"layer", 8}});
  EXPECT_THAT(computed_, IsEmpty());
}

TEST_F(Cache, GivesTheFeaturesRoundedInTheOrderAskedFor) {
  const std::vector<UnitName> units = {{"layer", 8}, {"layer", 5}};
  Array expected = ComputeRegionFeatures(run_, units, encoder_, 1, progress_);
  for (float& value : expected.values) value = FromHalf(ToHalf(value));
  Features({{"layer", 5}});
  for (const char* time : {"in part computed", "from the file"}) {
    const Array features = Features(units);
    EXPECT_EQ(features.shape, expected.shape) << time;
    EXPECT_EQ(features.values, expected.values) << time;
  }
}

TEST_F(Cache, OtherPhotosHaveOtherFeatures) {
  Features({{"layer", 3}});
  run_.manifest.photos_hash = HashText("other photos");
  Features({{"layer", 3}});
  EXPECT_THAT(computed_, ElementsAre(UnitName{"layer", 3}));
}

TEST_F(Cache, DirectionsAreNotTheUnitsOfTheSameNumber) {
  Features({{"layer", 3}});
  RunDirections directions;
  directions.layer = "layer";
  directions.weight.hash = HashText("weight");
  run_.manifest.directions.push_back(directions);
  Features({{"layer", 3}});
  EXPECT_THAT(computed_, ElementsAre(UnitName{"layer", 3}));
}

TEST_F(Cache, OtherMasksHaveOtherFeatures) {
  Features({{"layer", 3}});
  run_.manifest.border = MaskBorder::kClamp;
  Features({{"layer", 3}});
  EXPECT_THAT(computed_, ElementsAre(UnitName{"layer", 3}));
}

TEST_F(Cache, SurvivesAnotherProcessThatKeepsItsOwn) {
  const Array expected = Features({{"layer", 3}, {"layer", 8}});
  std::filesystem::remove_all(cache_);
  Features({{"layer", 3}});
  const FeatureCache cache(cache_, run_.manifest, encoder_);
  const auto compute = [&](const std::vector<UnitName>& missing) {
    return ComputeRegionFeatures(run_, missing, encoder_, 1, progress_);
  };
  // While unit 8 is computed, another process starts anew and keeps unit 5.
  const Array features = cache.Features({{"layer", 3}, {"layer", 8}}, [&](const auto& missing) {
    std::filesystem::remove_all(cache_);
    cache.Features({{"layer", 5}}, compute);
    return compute(missing);
  });
  EXPECT_EQ(features.values, expected.values);
  Features({{"layer", 5}, {"layer", 8}});
  EXPECT_THAT(computed_, IsEmpty());
}

TEST_F(Cache, NamesADamagedFile) {
  Features({{"layer", 3}});
  const Path file = std::filesystem::directory_iterator(cache_)->path();
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1);
  EXPECT_THAT(
      [&] {
        Features({{"layer", 3}});
      },
      Throws<Error>(Property(&Error::what, HasSubstr(file.filename().string()))));
}

}  // namespace
}  // namespace milan
