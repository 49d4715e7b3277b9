#include "milan/text/descriptions.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::Throws;

Descriptions Example() {
  UnitDescription alive;
  alive.layer = "fire2/concat";
  alive.unit = 3;
  alive.state = "alive";
  alive.best = {"dogs, \"red\" ones", -4.0788812345678901, -10.125, -2.0538812345678};
  alive.others = {{"dogs", -4.5, -9, -2.7}};
  alive.threshold = 0.125;
  alive.activations = {9.5, 8.25};
  alive.photos = {"a/b.jpg", "c.jpg"};
  UnitDescription dead;
  dead.layer = "fire2/concat";
  dead.unit = 4;
  dead.state = "dead";
  dead.threshold = std::numeric_limits<double>::quiet_NaN();
  dead.activations = {std::numeric_limits<double>::infinity()};
  Descriptions descriptions;
  descriptions.bundle_name = "captioner";
  descriptions.bundle_hash = "0123456789abcdef";
  descriptions.criterion = "consensus";
  descriptions.units = {alive, dead};
  return descriptions;
}

Descriptions CalibratedExample() {
  Descriptions descriptions = Example();
  CalibrationSummary calibration;
  calibration.threshold = 0.3;
  calibration.right_f1 = 0.33;
  calibration.units = 7;
  calibration.auc = std::numeric_limits<double>::quiet_NaN();
  calibration.bins = {{0, 0.5, 3, 0.25, 0}, {0.5, 1, 4, 0.75, 1}};
  calibration.nulls = {{"random photos", 10, 0.1}};
  descriptions.calibration = calibration;
  descriptions.units[0].confidence = 0.3;
  return descriptions;
}

TEST(DescriptionsTest, ConfidencesAndTheirCalibrationSurviveARoundTrip) {
  const TemporaryFolder folder;
  WriteDescriptions(folder.path(), CalibratedExample());
  const Descriptions read = ReadDescriptions(folder.path());
  EXPECT_EQ(read.units[0].confidence, 0.3);
  EXPECT_EQ(read.IsReliable(read.units[0]), true) << "the threshold itself is reliable";
  EXPECT_EQ(read.units[1].confidence, std::nullopt);
  EXPECT_EQ(read.IsReliable(read.units[1]), std::nullopt);
  ASSERT_TRUE(read.calibration);
  EXPECT_EQ(read.calibration->threshold, 0.3);
  EXPECT_EQ(read.calibration->units, 7);
  EXPECT_TRUE(std::isnan(read.calibration->auc));
  ASSERT_THAT(read.calibration->bins, SizeIs(2));
  EXPECT_EQ(read.calibration->bins[1].right, 1);
  ASSERT_THAT(read.calibration->nulls, SizeIs(1));
  EXPECT_EQ(read.calibration->nulls[0].kind, "random photos");
}

TEST(DescriptionsTest, TheTableSaysWhatIsReliable) {
  const TemporaryFolder folder;
  Descriptions descriptions = CalibratedExample();
  descriptions.units[1].state = "alive";
  descriptions.units[1].best.text = "cats";
  descriptions.units[1].confidence = 0.29;
  WriteDescriptions(folder.path(), descriptions);
  CsvTable table = ReadCsv(folder / "descriptions.csv");
  EXPECT_EQ(table.rows[0][table.Column("confidence")], "0.3000");
  EXPECT_EQ(table.rows[0][table.Column("reliable")], "true");
  EXPECT_EQ(table.rows[1][table.Column("reliable")], "false");
  descriptions.units[1].confidence.reset();
  WriteDescriptions(folder.path(), descriptions);
  table = ReadCsv(folder / "descriptions.csv");
  EXPECT_EQ(table.rows[1][table.Column("confidence")], "") << "too few exemplars";
  EXPECT_EQ(table.rows[1][table.Column("reliable")], "false");
  EXPECT_EQ(ReadDescriptions(folder.path()).IsReliable(descriptions.units[1]), false);
  WriteDescriptions(folder.path(), Example());
  table = ReadCsv(folder / "descriptions.csv");
  EXPECT_EQ(table.rows[0][table.Column("confidence")], "") << "not calibrated";
  EXPECT_EQ(table.rows[0][table.Column("reliable")], "");
}

TEST(DescriptionsTest, EverythingSurvivesARoundTrip) {
  const TemporaryFolder folder;
  WriteDescriptions(folder.path(), Example());
  const Descriptions read = ReadDescriptions(folder.path());
  EXPECT_EQ(read.bundle_name, "captioner");
  EXPECT_EQ(read.bundle_hash, "0123456789abcdef");
  EXPECT_EQ(read.pmi_weight, 0.2);
  EXPECT_EQ(read.beam_size, 50);
  EXPECT_EQ(read.criterion, "consensus");
  ASSERT_THAT(read.units, SizeIs(2));
  const UnitDescription expected = Example().units[0];
  const UnitDescription& alive = read.units[0];
  EXPECT_EQ(alive.layer, expected.layer);
  EXPECT_EQ(alive.unit, expected.unit);
  EXPECT_EQ(alive.state, expected.state);
  EXPECT_EQ(alive.best.text, expected.best.text);
  EXPECT_EQ(alive.best.log_likelihood, expected.best.log_likelihood);
  EXPECT_EQ(alive.best.log_prior, expected.best.log_prior);
  EXPECT_EQ(alive.best.pmi, expected.best.pmi);
  ASSERT_THAT(alive.others, SizeIs(1));
  EXPECT_EQ(alive.others[0].text, "dogs");
  EXPECT_EQ(alive.threshold, expected.threshold);
  EXPECT_EQ(alive.activations, expected.activations);
  EXPECT_EQ(alive.photos, expected.photos);
}

TEST(DescriptionsTest, AUnitWithoutDescriptionKeepsItsState) {
  const TemporaryFolder folder;
  WriteDescriptions(folder.path(), Example());
  const UnitDescription dead = ReadDescriptions(folder.path()).units.at(1);
  EXPECT_EQ(dead.state, "dead");
  EXPECT_THAT(dead.best.text, IsEmpty());
  EXPECT_TRUE(std::isnan(dead.threshold));  // JSON knows no numbers that are not finite
  ASSERT_THAT(dead.activations, SizeIs(1));
  EXPECT_TRUE(std::isnan(dead.activations[0]));
}

TEST(DescriptionsTest, TheTableHasOneRowPerUnit) {
  const TemporaryFolder folder;
  WriteDescriptions(folder.path(), Example());
  const CsvTable table = ReadCsv(folder / "descriptions.csv");
  EXPECT_THAT(table.header, ElementsAre("layer", "unit", "description", "log_likelihood",
                                        "log_prior", "pmi", "confidence", "reliable"));
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("fire2/concat", "3", "dogs, \"red\" ones",
                                                  "-4.07888", "-10.125", "-2.05388", "", ""),
                                      ElementsAre("fire2/concat", "4", "", "", "", "", "", "")));
}

class BrokenDescriptionsTest : public ::testing::Test {
 protected:
  /// Reads the example after `change` to its JSON.
  template <typename Change>
  Descriptions ReadChanged(Change change) {
    WriteDescriptions(folder_.path(), Example());
    Json json = ReadJson(folder_ / "descriptions.json");
    change(json);
    WriteJson(folder_ / "descriptions.json", json);
    return ReadDescriptions(folder_.path());
  }

  static auto FailsNaming(const std::string& part) {
    return Throws<Error>(
        AllOf(Property(&Error::kind, ErrorKind::kInput),
              Property(&Error::what, AllOf(HasSubstr("descriptions.json"), HasSubstr(part)))));
  }

  TemporaryFolder folder_;
};

TEST_F(BrokenDescriptionsTest, FormatAndVersionAreChecked) {
  EXPECT_THAT([&] { ReadChanged([](Json& json) { json = Json::array({1}); }); },
              FailsNaming("format"));
  EXPECT_THAT([&] { ReadChanged([](Json& json) { json["format"] = "other"; }); },
              FailsNaming("milan-descriptions"));
  EXPECT_THAT([&] { ReadChanged([](Json& json) { json["version"] = 99; }); }, FailsNaming("99"));
}

TEST_F(BrokenDescriptionsTest, MembersAreChecked) {
  EXPECT_THAT([&] { ReadChanged([](Json& json) { json["units"] = "none"; }); },
              FailsNaming("units"));
  EXPECT_THAT([&] { ReadChanged([](Json& json) { json["units"][1].erase("layer"); }); },
              FailsNaming("units[1]"));
  EXPECT_THAT([&] { ReadChanged([](Json& json) { json["units"][0].erase("description"); }); },
              FailsNaming("'description'"));
  EXPECT_THAT([&] { ReadChanged([](Json& json) { json["units"][0]["activations"][0] = "x"; }); },
              FailsNaming("activations"));
}

TEST_F(BrokenDescriptionsTest, AMissingOrCutFileIsNamed) {
  EXPECT_THAT([&] { ReadDescriptions(folder_.path()); }, FailsNaming(""));
  WriteFileAtomically(folder_ / "descriptions.json", "{\"format\": \"milan-descr");
  EXPECT_THAT([&] { ReadDescriptions(folder_.path()); }, FailsNaming("JSON"));
  WriteFileAtomically(folder_ / "descriptions.json", "");
  EXPECT_THAT([&] { ReadDescriptions(folder_.path()); }, FailsNaming("JSON"));
}

}  // namespace
}  // namespace milan
