#include "milan/report/page_data.h"

#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/array.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/exemplar/mask.h"
#include "milan/report/mask_text.h"

namespace milan {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The argument of the one call that a data file consists of.
Json Argument(const std::string& script, const std::string& function) {
  const std::string start = "milan." + function + "(";
  EXPECT_TRUE(script.starts_with(start)) << script.substr(0, 60);
  EXPECT_TRUE(script.ends_with(");\n"));
  return ParseJson(script.substr(start.size(), script.size() - start.size() - 3), function);
}

RunManifest TwoUnitManifest() {
  RunManifest manifest;
  manifest.network_path = "/home/someone/networks/net.onnx";
  manifest.photos_path = "/home/someone/photos/";
  manifest.layers = {{"layer", 2, 2, 2}};
  manifest.k = 2;
  return manifest;
}

/// Unit 0 is alive and has seen one photo only; unit 1 is dead.
ExemplarSet TwoUnits() {
  ExemplarSet set;
  set.layer = "layer";
  set.units = 2;
  set.k = 2;
  set.height = set.width = 2;
  set.photo_ids = {1, -1, 0, 1};
  set.activations = {4, 0, 0, 0};
  for (const float value : {4.0F, 0.0F, 0.0F, 0.0F}) set.maps.push_back(ToHalf(value));
  set.maps.resize(16, ToHalf(0));
  set.thresholds = {1.23456789F, 0};
  set.minima = {-1, 0};
  set.maxima = {4, 0};
  set.states = {UnitState::kAlive, UnitState::kDead};
  return set;
}

Descriptions OneDescription() {
  Descriptions descriptions;
  descriptions.bundle_name = "bundle";
  descriptions.units.resize(1);
  descriptions.units[0].layer = "layer";
  descriptions.units[0].state = "alive";
  descriptions.units[0].best = {"dogs", -3.14159265, -9, -1.5};
  descriptions.units[0].others = {{"cats", -4, -8, -2.5}};
  return descriptions;
}

TEST(PageDataTest, ExemplarsHaveTheMaskOfTheActivationMap) {
  const RunManifest manifest = TwoUnitManifest();
  const Descriptions descriptions = OneDescription();
  const ExemplarSet set = TwoUnits();
  const DescriptionIndex index(descriptions, manifest);
  const Json file = Argument(ExemplarsScript(3, set, FactsOf(set), {0, 2}, index), "addExemplars");
  EXPECT_EQ(file["file"], 3);
  const Json& unit = file["units"][0];
  EXPECT_EQ(unit["photos"], Json::array({1}));
  const auto mask = set.Mask(0, 0, {kMaskSize, kMaskSize});
  EXPECT_EQ(unit["masks"], Json::array({EncodeMask(mask)}));
  EXPECT_EQ(unit["best"], Json::array({"dogs", -3.1416, -9, -1.5}));
  EXPECT_EQ(unit["others"][0][0], "cats");
  EXPECT_EQ(unit["threshold"], 1.2346);
}

TEST(PageDataTest, UnitsThatHaveNamesAreCalledByThem) {
  RunManifest manifest = TwoUnitManifest();
  const Descriptions none;
  const std::vector<LayerSummary> layers = {
      Summarize(TwoUnits(), DescriptionIndex(none, manifest))};
  const Json plain = Argument(ReportScript(manifest, none, layers), "setReport");
  EXPECT_FALSE(plain["layers"][0].contains("names"));
  manifest.layers[0].unit_names = {"cats", "</script>"};
  const std::string script = ReportScript(manifest, none, layers);
  EXPECT_EQ(Argument(script, "setReport")["layers"][0]["names"],
            Json::array({"cats", "</script>"}));
  EXPECT_THAT(script, Not(HasSubstr("</script>")));
}

TEST(PageDataTest, UnitsWorthALookSaySo) {
  ExemplarSet set = TwoUnits();
  set.distributions.assign(2 * ExemplarSet::kBins, 3);
  std::vector<UnitFacts> facts = FactsOf(set);
  facts[0].is_saturated = true;
  facts[0].duplicate_of = 7;
  const Descriptions none;
  const DescriptionIndex index(none, TwoUnitManifest());
  const Json file = Argument(ExemplarsScript(0, set, facts, {0, 2}, index), "addExemplars");
  EXPECT_EQ(file["units"][0]["saturated"], true);
  EXPECT_EQ(file["units"][0]["duplicate_of"], 7);
  EXPECT_EQ(file["units"][0]["distribution"].size(), 32U);
  EXPECT_FALSE(file["units"][1].contains("saturated"));
  EXPECT_FALSE(file["units"][1].contains("duplicate_of"));
}

TEST(PageDataTest, DeadUnitsSayWhatTheyAreAndShowNoExemplars) {
  const Descriptions none;
  const DescriptionIndex index(none, TwoUnitManifest());
  const LayerSummary summary = Summarize(TwoUnits(), index);
  EXPECT_EQ(summary.states, (std::vector<std::string>{"alive", "dead"}));
  EXPECT_TRUE(std::isnan(summary.pmis[0]));
  const Json file =
      Argument(ExemplarsScript(0, TwoUnits(), FactsOf(TwoUnits()), {0, 2}, index), "addExemplars");
  EXPECT_FALSE(file["units"][1].contains("photos"));
  EXPECT_FALSE(file["units"][0].contains("best"));
}

TEST(PageDataTest, ConfidencesComeWithTheirCalibration) {
  Descriptions descriptions = OneDescription();
  const auto report_of = [&] {
    const DescriptionIndex index(descriptions, TwoUnitManifest());
    const std::vector<LayerSummary> layers = {Summarize(TwoUnits(), index)};
    return Argument(ReportScript(TwoUnitManifest(), descriptions, layers), "setReport");
  };
  EXPECT_FALSE(report_of().contains("calibration"));
  EXPECT_EQ(report_of()["layers"][0]["confidences"], Json::array({nullptr, nullptr}));
  descriptions.units[0].confidence = 0.75;
  descriptions.calibration.emplace();
  descriptions.calibration->threshold = 0.5;
  descriptions.calibration->bins = {{0, 1, 3, 0.25, 0.5}};
  EXPECT_EQ(report_of()["layers"][0]["confidences"], Json::array({0.75, nullptr}));
  EXPECT_EQ(report_of()["calibration"]["threshold"], 0.5);
  EXPECT_EQ(report_of()["calibration"]["bins"][0]["units"], 3);
}

TEST(PageDataTest, NumbersThatJsonCannotHoldBecomeNull) {
  ExemplarSet set = TwoUnits();
  set.maxima = {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()};
  const Descriptions none;
  const DescriptionIndex index(none, TwoUnitManifest());
  const std::vector<LayerSummary> layers = {Summarize(set, index)};
  const Json report = Argument(ReportScript(TwoUnitManifest(), none, layers), "setReport");
  EXPECT_EQ(report["layers"][0]["peaks"], Json::array({nullptr, nullptr}));
  EXPECT_EQ(report["layers"][0]["pmis"], Json::array({nullptr, nullptr}));
  EXPECT_FALSE(report.contains("bundle"));
}

TEST(PageDataTest, HidesTheFoldersOfTheMachineThatMadeTheReport) {
  const Descriptions none;
  const std::string script = ReportScript(TwoUnitManifest(), none, {});
  EXPECT_THAT(script, HasSubstr("\"net.onnx\""));
  EXPECT_THAT(script, HasSubstr("\"photos\""));
  EXPECT_THAT(script, Not(HasSubstr("someone")));
}

TEST(PageDataTest, MarkupAndBrokenTextStayHarmless) {
  milan::Run run;
  run.photos.resize(1);
  run.photos[0].name = "</script><script>alert(1)</script>\xff.jpg";
  const std::vector<ReportPhoto> photos = {{0, 100, 50, {0.25, 0, 0.75, 1}, ""}};
  const std::string script = PhotosScript(run, photos);
  EXPECT_THAT(script, Not(HasSubstr("<")));
  EXPECT_EQ(Argument(script, "setPhotos")[0]["name"],
            "</script><script>alert(1)</script>\xef\xbf\xbd.jpg");
}

TEST(PageDataTest, RefusesDescriptionsOfAnotherRun) {
  Descriptions descriptions = OneDescription();
  descriptions.units[0].unit = 2;
  EXPECT_THROW(DescriptionIndex(descriptions, TwoUnitManifest()), Error);
  descriptions.units[0] = OneDescription().units[0];
  descriptions.units[0].layer = "other";
  EXPECT_THROW(DescriptionIndex(descriptions, TwoUnitManifest()), Error);
}

}  // namespace
}  // namespace milan
