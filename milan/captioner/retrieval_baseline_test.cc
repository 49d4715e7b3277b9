#include "milan/captioner/retrieval_baseline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/captioner/colour_run.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Property;
using testing::Throws;

constexpr int64_t kUnits = 25;  // the last one is dead; 0..17 train, 18..24 val

class Retrieval : public testing::Test {
 protected:
  Retrieval() {
    options_.sources = {{WriteColourAnnotations(folder_.path(), kUnits), run_.folder}};
  }

  std::vector<std::string> TextsOf(const std::vector<UnitName>& units) {
    const auto baseline = RetrievalBaseline::Build(encoder_, options_, progress_);
    std::vector<std::string> texts;
    const Descriptions descriptions = baseline.Describe(run_, units, progress_);
    for (const UnitDescription& unit : descriptions.units) texts.push_back(unit.best.text);
    return texts;
  }

  TemporaryFolder folder_;
  const milan::Run run_ = OpenRun(WriteColourRun(folder_.path(), kUnits));
  const Encoder encoder_ = Encoder::Open(WriteColourEncoder(folder_.path()));
  RetrievalOptions options_;
  NoProgress progress_;
};

TEST_F(Retrieval, GivesTheTextOfTheTrainingUnitMostAlike) {
  const std::vector<std::string> texts =
      TextsOf({{"layer", 20}, {"layer", 18}, {"layer", 23}, {"layer", 24}});
  EXPECT_EQ(texts[0], kColours[20 % 6].text);
  EXPECT_EQ(texts[1], kColours[18 % 6].text);
  EXPECT_EQ(texts[2], kColours[23 % 6].text);
  EXPECT_EQ(texts[3], "");  // dead
}

TEST_F(Retrieval, OtherSplitsAndCertaintiesAreNotLookedUp) {
  // Units 6 ("forbidden secret", test) and 7 ("uncertain guess", unclear) look most like
  // themselves.
  const std::vector<std::string> texts = TextsOf({{"layer", 6}, {"layer", 7}});
  EXPECT_EQ(texts[0], kColours[0].text);
  EXPECT_EQ(texts[1], kColours[1].text);
  options_.certainties = {};
  EXPECT_EQ(TextsOf({{"layer", 7}})[0], "uncertain guess");
}

TEST_F(Retrieval, KeptFeaturesGiveTheSame) {
  const std::vector<UnitName> units = {{"layer", 19}, {"layer", 22}};
  const std::vector<std::string> texts = TextsOf(units);
  options_.cache = folder_ / "cache";
  EXPECT_EQ(TextsOf(units), texts);
  EXPECT_FALSE(std::filesystem::is_empty(options_.cache));
  std::filesystem::remove_all(folder_ / "photos");  // not needed any more
  EXPECT_EQ(TextsOf(units), texts);
}

TEST_F(Retrieval, SaysWhatIsMissing) {
  const auto fails = [](ErrorKind kind, const std::string& problem) {
    return Throws<Error>(
        AllOf(Property(&Error::kind, kind), Property(&Error::what, HasSubstr(problem))));
  };
  EXPECT_THAT([&] { TextsOf({{"layer", 99}}); }, fails(ErrorKind::kUsage, "no unit 99"));
  EXPECT_THAT([&] { TextsOf({{"other", 0}}); }, fails(ErrorKind::kUsage, "other"));
  options_.split = "absent";
  EXPECT_THAT([&] { TextsOf({{"layer", 0}}); }, fails(ErrorKind::kInput, "'absent'"));
}

}  // namespace
}  // namespace milan
