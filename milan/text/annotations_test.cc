#include "milan/text/annotations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/base/file.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;
using ::testing::SizeIs;
using ::testing::Throws;

std::vector<Annotation> Read(std::string_view csv) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "annotations.csv", csv);
  return ReadAnnotations(folder / "annotations.csv");
}

template <typename... Parts>
auto FailsNaming(Parts... parts) {
  return Throws<Error>(
      AllOf(Property(&Error::kind, ErrorKind::kInput),
            Property(&Error::what, AllOf(HasSubstr("annotations.csv"), HasSubstr(parts)...))));
}

TEST(ReadAnnotationsTest, ReadsEveryColumn) {
  const auto annotations = Read(
      "layer,unit,split,annotator,certainty,description\r\n"
      "conv1,7,train,a1,clear,\"dogs, and \"\"cats\"\"\"\r\n");
  ASSERT_THAT(annotations, SizeIs(1));
  EXPECT_EQ(annotations[0].layer, "conv1");
  EXPECT_EQ(annotations[0].unit, 7);
  EXPECT_EQ(annotations[0].split, "train");
  EXPECT_EQ(annotations[0].annotator, "a1");
  EXPECT_EQ(annotations[0].certainty, "clear");
  EXPECT_EQ(annotations[0].text, "dogs, and \"cats\"");
}

TEST(ReadAnnotationsTest, ReadsTheColumnsOfMilannotations) {
  const auto annotations = Read("layer,unit,summary\nlayer1,12,types of fungus\n");
  ASSERT_THAT(annotations, SizeIs(1));
  EXPECT_EQ(annotations[0].text, "types of fungus");
  EXPECT_THAT(annotations[0].split, IsEmpty());
  EXPECT_THAT(annotations[0].annotator, IsEmpty());
  EXPECT_THAT(annotations[0].certainty, IsEmpty());
}

TEST(ReadAnnotationsTest, AHeaderAloneHasNoAnnotations) {
  EXPECT_THAT(Read("layer,unit,description\n"), IsEmpty());
}

TEST(ReadAnnotationsTest, NamesWhatIsWrongAndWhere) {
  EXPECT_THAT([] { Read(""); }, FailsNaming("empty"));
  EXPECT_THAT([] { Read("unit,description\n0,x\n"); }, FailsNaming("'layer'"));
  EXPECT_THAT([] { Read("layer,description\nx,x\n"); }, FailsNaming("'unit'"));
  EXPECT_THAT([] { Read("layer,unit,text\nx,0,x\n"); }, FailsNaming("'description'"));
  EXPECT_THAT([] { Read("layer,unit,description\nx,0,y\nx,1\n"); }, FailsNaming("line 3"));
  for (const char* unit : {"seven", "-1", "1.5", "7 ", "99999999999999999999"}) {
    EXPECT_THAT([&] { Read(std::string("layer,unit,description\nx,0,y\nx,") + unit + ",y\n"); },
                FailsNaming("row 2", "'unit'", unit));
  }
  EXPECT_THAT([] { Read("layer,unit,description\nx,,y\n"); }, FailsNaming("'unit'", "empty"));
  EXPECT_THAT([] { Read("layer,unit,description\n,0,y\n"); }, FailsNaming("'layer'", "empty"));
  EXPECT_THAT([] { Read("layer,unit,description\nx,0, \n"); }, FailsNaming("row 1", "empty"));
  EXPECT_THAT([] { Read("layer,unit,description\nx,0,caf\xE9\n"); }, FailsNaming("UTF-8"));
  EXPECT_THAT([] { Read(std::string_view("\0\x01\xFF\xFE", 4)); }, FailsNaming("'layer'"));
}

TEST(ReadAnnotationsTest, AMissingFileIsNamed) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { ReadAnnotations(folder / "annotations.csv"); }, FailsNaming());
}

TEST(ReadAnnotationsTest, ReadsTheSharedAnnotations) {
  MILAN_NEEDS_SHARED_DATA();
  const auto count = [](const std::string& file) {
    return ReadAnnotations(SharedData(file)).size();
  };
  EXPECT_EQ(count("annotations/mobilenet_v2.csv"), 2015u);
  EXPECT_EQ(count("annotations/resnet18_to_layer3.csv"), 1268u);
  EXPECT_EQ(count("annotations/squeezenet1_1.csv"), 2320u);
  EXPECT_EQ(count("annotations/squeezenet_places365.csv"), 2116u);
  EXPECT_EQ(count("text/annotations/amt-alexnet-imagenet.csv"), 4128u);
  EXPECT_EQ(count("text/annotations/amt-alexnet-places205.csv"), 4128u);
  EXPECT_EQ(count("text/annotations/milannotations-resnet152-imagenet.csv"), 11712u);
}

}  // namespace
}  // namespace milan
