#include "milan/ablation/labels.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "tests/support/test_data.h"

namespace milan {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

PhotoSet Photos(const std::vector<std::string>& names) {
  PhotoSet photos;
  photos.root = "/photos";
  for (const std::string& name : names) photos.photos.push_back({name});
  return photos;
}

/// The classes of these labels.
std::vector<int32_t> Resolve(const LabelTexts& labels, const std::vector<std::string>& classes) {
  std::vector<std::string> names;
  for (size_t i = 0; i < labels.size(); ++i) names.push_back("photo" + std::to_string(i) + ".jpg");
  return ResolveLabels(labels, classes, Photos(names));
}

std::string ErrorOf(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(Labels, AreNamesOrNumbers) {
  const std::vector<std::string> classes = {"tench, Tinca tinca", "goldfish", "great white shark"};
  EXPECT_THAT(Resolve({"goldfish", "Tinca_tinca", "Great White Shark", "tench, Tinca tinca", "2",
                       "n01440764_tench", "n01440764 tench", ""},
                      classes),
              ElementsAre(1, 0, 2, 0, 2, 0, 0, -1));
  EXPECT_THAT(Resolve({"0", "17"}, {}), ElementsAre(0, 17));
}

TEST(Labels, ThatAreNumbersByNameMeanTheName) {
  EXPECT_THAT(Resolve({"1", "0"}, {"1", "0"}), ElementsAre(0, 1));
}

TEST(Labels, CaseDecidesBetweenNames) {
  const std::vector<std::string> classes = {"Cardigan, Welsh corgi", "cardigan"};
  EXPECT_THAT(Resolve({"Cardigan"}, {"Cardigan, Welsh corgi", "cardigan, wool"}), ElementsAre(0));
  EXPECT_THAT(Resolve({"cardigan"}, classes), ElementsAre(1));
}

TEST(Labels, WordNetIdsDecideBetweenClassesOfOneName) {
  const std::vector<std::string> classes = {"stork", "crane",   "limpkin",           "cradle",
                                            "crane", "maillot", "maillot, tank suit"};
  EXPECT_THAT(Resolve({"n03126707 crane", "n02012849_crane", "n02002556 stork", "n02013706 limpkin",
                       "n03125729 cradle", "n03710721 maillot", "n03710637 maillot"},
                      classes),
              ElementsAre(4, 1, 0, 2, 3, 6, 5));
  EXPECT_THAT(ErrorOf([&] { Resolve({"crane"}, classes); }),
              AllOf(HasSubstr("1 (crane) or 4 (crane)"), HasSubstr("photo0.jpg")));
}

TEST(Labels, MayBeWordNetIdsWhereTheClassesHaveThem) {
  const std::vector<std::string> classes = {"n01440764 tench, Tinca tinca", "n02012849 crane",
                                            "n03126707 crane"};
  EXPECT_THAT(
      Resolve({"n01440764", "n03126707", "n02012849_crane", "tench", "Tinca tinca"}, classes),
      ElementsAre(0, 2, 1, 0, 0));
  EXPECT_THAT(ErrorOf([] {
                Resolve({"n01440764"}, {"tench", "goldfish"});
              }),
              AllOf(HasSubstr("WordNet id"), HasSubstr("'n01440764 NAME, NAME'")));
}

TEST(Labels, UnknownOnesAreNamedWithTheNearest) {
  EXPECT_THAT(ErrorOf([] {
                Resolve({"tench", "goldfisch"}, {"tench", "goldfish"});
              }),
              AllOf(HasSubstr("'goldfisch'"), HasSubstr("photo1.jpg"), HasSubstr("'goldfish'")));
  EXPECT_THAT(ErrorOf([] { Resolve({"tench"}, {}); }), HasSubstr("--classes"));
}

TEST(Labels, ComeFromTheFolderOfThePhoto) {
  EXPECT_THAT(LabelsFromFolders(Photos({"val/cat/1.jpg", "dog/2.jpg", "a.tar/cow/3.jpg", "4.jpg"})),
              ElementsAre("cat", "dog", "cow", ""));
  EXPECT_THAT(ErrorOf([] { LabelsFromFolders(Photos({"1.jpg"})); }), HasSubstr("--labels"));
}

TEST(Labels, ComeFromATable) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "labels.csv", "path,class\na/1.jpg,cat\nb.jpg,\"dog, hound\"\n");
  EXPECT_THAT(LabelsFromCsv(folder / "labels.csv", Photos({"b.jpg", "c.jpg", "a/1.jpg"})),
              ElementsAre("dog, hound", "", "cat"));
  EXPECT_THAT(ErrorOf([&] { LabelsFromCsv(folder / "labels.csv", Photos({"x.jpg"})); }),
              AllOf(HasSubstr("'a/1.jpg'"), HasSubstr("'x.jpg'")));
  WriteFileAtomically(folder / "twice.csv", "photo,label\nb.jpg,cat\nb.jpg,dog\n");
  EXPECT_THAT(ErrorOf([&] { LabelsFromCsv(folder / "twice.csv", Photos({"b.jpg"})); }),
              HasSubstr("two labels"));
}

TEST(Labels, OfImageNetAreFoundByNameAlone) {
  MILAN_NEEDS_SHARED_DATA();
  const auto classes = ReadClassNames(SharedData("networks") / "imagenet1000_labels.txt");
  ASSERT_EQ(classes.size(), 1000U);
  const CsvTable table = ReadCsv(SharedData("photos.csv"));
  LabelTexts labels;
  for (const auto& row : table.rows) {
    if (row[table.Column("set")] == "imagenet1k") labels.push_back(row[table.Column("class")]);
  }
  std::sort(labels.begin(), labels.end());  // one of every class: the ids' order is the classes'
  ASSERT_EQ(labels.size(), 1000U);
  const auto resolved = Resolve(labels, classes);
  for (int32_t i = 0; i < 1000; ++i) EXPECT_EQ(resolved[i], i) << labels[i];
}

}  // namespace
}  // namespace milan
