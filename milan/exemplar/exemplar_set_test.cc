#include "milan/exemplar/exemplar_set.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/array.h"
#include "milan/base/error.h"
#include "milan/base/safetensors.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::HasSubstr;

ExemplarSet SmallSet() {
  ExemplarSet set;
  set.layer = "block/1";
  set.units = 2;
  set.k = 2;
  set.height = 1;
  set.width = 3;
  set.quantile = 0.9925;
  set.photo_ids = {4, 1, 7, -1};
  set.activations = {3, 2, 0.5F, 0};
  for (int i = 0; i < 12; ++i) set.maps.push_back(ToHalf(static_cast<float>(i) / 4));
  set.thresholds = {0.5F, 0.25F};
  set.minima = {-1, 0};
  set.maxima = {3, 0.5F};
  set.states = {UnitState::kAlive, UnitState::kInvalid};
  return set;
}

TEST(ExemplarSet, ComesBackAsItWasSaved) {
  const TemporaryFolder folder;
  const ExemplarSet set = SmallSet();
  set.Save(folder / "set.safetensors");
  const ExemplarSet back = ExemplarSet::Load(folder / "set.safetensors");
  EXPECT_EQ(back.layer, set.layer);
  EXPECT_EQ(back.units, 2);
  EXPECT_EQ(back.k, 2);
  EXPECT_EQ(back.height, 1);
  EXPECT_EQ(back.width, 3);
  EXPECT_EQ(back.quantile, set.quantile);
  EXPECT_EQ(back.photo_ids, set.photo_ids);
  EXPECT_EQ(back.activations, set.activations);
  EXPECT_EQ(back.maps, set.maps);
  EXPECT_EQ(back.thresholds, set.thresholds);
  EXPECT_EQ(back.minima, set.minima);
  EXPECT_EQ(back.maxima, set.maxima);
  EXPECT_EQ(back.states, set.states);
  EXPECT_EQ(back.CountOf(0), 2);
  EXPECT_EQ(back.CountOf(1), 1);
  EXPECT_EQ(back.Map(1, 0), (std::vector<float>{1.5F, 1.75F, 2}));
}

/// What Load says of a file that `change` made from a good one.
template <typename Change>
std::string ErrorAfter(const Change& change) {
  const TemporaryFolder folder;
  ExemplarSet set = SmallSet();
  change(set);
  set.Save(folder / "set.safetensors");
  try {
    ExemplarSet::Load(folder / "set.safetensors");
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("set.safetensors"));
    return error.what();
  }
  return "";
}

TEST(ExemplarSet, RefusesWhatWouldMisleadLaterSteps) {
  EXPECT_EQ(ErrorAfter([](ExemplarSet&) {}), "");
  EXPECT_THAT(ErrorAfter([](ExemplarSet& set) { set.photo_ids[1] = -2; }), HasSubstr("photo_ids"));
  EXPECT_THAT(ErrorAfter([](ExemplarSet& set) {
                set.photo_ids = {-1, 1, 2, 3};
              }),
              HasSubstr("photo_ids"));
  EXPECT_THAT(ErrorAfter([](ExemplarSet& set) { set.states[0] = static_cast<UnitState>(9); }),
              HasSubstr("states"));
  EXPECT_THAT(ErrorAfter([](ExemplarSet& set) { set.quantile = 1.5; }), HasSubstr("quantile"));
}

TEST(ExemplarSet, RefusesForeignAndNewerFilesAndMissingTensors) {
  const TemporaryFolder folder;
  const auto error_of = [&](const SafetensorsWriter& writer) -> std::string {
    writer.Write(folder / "file");
    try {
      ExemplarSet::Load(folder / "file");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  SafetensorsWriter writer;
  EXPECT_THAT(error_of(writer), HasSubstr("not an exemplar set"));
  writer.SetMetadata("format", "milan-exemplars");
  writer.SetMetadata("version", "2");
  EXPECT_THAT(error_of(writer), HasSubstr("version 2"));
  writer.SetMetadata("version", "1");
  writer.SetMetadata("layer", "a");
  writer.SetMetadata("mask_border", "zeros");
  writer.SetMetadata("quantile", "0.99");
  writer.SetMetadata("mask_border", "zeros");
  EXPECT_THAT(error_of(writer), HasSubstr("maps"));
  writer.Add<float>("maps", {1, 1, 1}, std::vector<float>{1});
  EXPECT_THAT(error_of(writer), HasSubstr("[units, k, height, width]"));
  writer.Add<float>("maps", {1, 1, 1, 1}, std::vector<float>{1});
  EXPECT_THAT(error_of(writer), HasSubstr("photo_ids"));
  writer.Add<int32_t>("photo_ids", {1, 2}, std::vector<int32_t>{1, 2});
  EXPECT_THAT(error_of(writer), HasSubstr("[1, 1]"));
}

TEST(ExemplarSet, LayerNamesBecomeDifferentFileNames) {
  EXPECT_EQ(LayerFileName("features.3_relu-1"), "features.3_relu-1");
  EXPECT_EQ(LayerFileName("/conv1/Relu_output_0"), "%2Fconv1%2FRelu_output_0");
  EXPECT_EQ(LayerFileName(".."), "%2E.");
  EXPECT_EQ(LayerFileName("a%2Fb"), "a%252Fb");
  const std::string longest(300, 'x');
  std::set<std::string> names;
  for (const std::string& layer : {longest, longest + "y", longest + "/", std::string("x")}) {
    const std::string name = LayerFileName(layer);
    EXPECT_LE(name.size() + std::string(".safetensors").size(), 255U);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), 4U);
}

}  // namespace
}  // namespace milan
