#include "milan/text/description_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::Throws;

class DescriptionTableTest : public ::testing::Test {
 protected:
  Descriptions Read(const std::string& text) {
    WriteFileAtomically(path_, text);
    return ReadDescriptionTable(path_);
  }
  auto Fails(const std::string& problem) {
    return Throws<Error>(
        AllOf(Property(&Error::kind, ErrorKind::kInput),
              Property(&Error::what, AllOf(HasSubstr("texts.csv"), HasSubstr(problem)))));
  }

  const TemporaryFolder folder_;
  const Path path_ = folder_ / "texts.csv";
};

TEST_F(DescriptionTableTest, ReadsWhatOtherProgramsWrote) {
  const Descriptions descriptions = Read(
      "network,unit,description,layer,all\n"
      "net,7,\"dogs, cats\",layer1,x\n"
      "net,0,,layer2,\n");
  ASSERT_THAT(descriptions.units, SizeIs(2));
  EXPECT_EQ(descriptions.units[0].layer, "layer1");
  EXPECT_EQ(descriptions.units[0].unit, 7);
  EXPECT_EQ(descriptions.units[0].best.text, "dogs, cats");
  EXPECT_EQ(descriptions.units[1].best.text, "");
}

TEST_F(DescriptionTableTest, ReadsWhatMilanWrites) {
  Descriptions descriptions;
  descriptions.units.resize(2);
  descriptions.units[0].layer = descriptions.units[1].layer = "conv";
  descriptions.units[0].state = "alive";
  descriptions.units[0].best.text = "a \"red\" dog";
  descriptions.units[1].unit = 1;
  descriptions.units[1].state = "dead";
  WriteDescriptions(folder_.path(), descriptions);
  const Descriptions read = ReadDescriptionTable(folder_ / "descriptions.csv");
  ASSERT_THAT(read.units, SizeIs(2));
  EXPECT_EQ(read.units[0].best.text, "a \"red\" dog");
  EXPECT_EQ(read.units[1].best.text, "");
}

TEST_F(DescriptionTableTest, SaysWhatIsWrong) {
  EXPECT_THAT([&] { Read("layer,unit\nconv,0\n"); }, Fails("description"));
  EXPECT_THAT([&] { Read("layer,unit,description\nconv,x,dog\n"); }, Fails("unit"));
  EXPECT_THAT([&] { Read("layer,unit,description\nconv,0,dog\nconv,0,cat\n"); }, Fails("row 2"));
  EXPECT_THAT([&] { Read("layer,unit,description\nconv,0,\xff\n"); }, Fails("UTF-8"));
}

}  // namespace
}  // namespace milan
