#include "milan/text/unit_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::Throws;

std::vector<UnitName> Read(std::string_view csv) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "units.csv", csv);
  return ReadUnitList(folder / "units.csv");
}

template <typename... Parts>
auto FailsNaming(Parts... parts) {
  return Throws<Error>(
      AllOf(Property(&Error::kind, ErrorKind::kInput),
            Property(&Error::what, AllOf(HasSubstr("units.csv"), HasSubstr(parts)...))));
}

TEST(ReadUnitListTest, TakesEachUnitOnceFromAnyCsvThatNamesThem) {
  EXPECT_THAT(Read("description,unit,layer\nb,10,conv1\na,2,conv1\nc,10,conv1\nd,0,a\n"),
              ElementsAre(UnitName{"a", 0}, UnitName{"conv1", 2}, UnitName{"conv1", 10}));
}

TEST(ReadUnitListTest, SaysWhatIsWrong) {
  EXPECT_THAT([] { Read("layer,unit\n"); }, FailsNaming("names no unit"));
  EXPECT_THAT([] { Read("layer,unit\nconv1,seven\n"); }, FailsNaming("row 1", "'unit'", "seven"));
  EXPECT_THAT([] { Read("layer,number\nconv1,7\n"); }, FailsNaming("unit"));
}

}  // namespace
}  // namespace milan
