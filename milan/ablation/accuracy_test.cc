#include "milan/ablation/accuracy.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace milan {
namespace {

TEST(Judge, RanksThePhotosClass) {
  const std::vector<float> outputs = {0.5F, 3, -1, 2};
  EXPECT_EQ(Judge(outputs, 1), (Verdict{1, 0, 3}));
  EXPECT_EQ(Judge(outputs, 3), (Verdict{1, 1, 2}));
  EXPECT_EQ(Judge(outputs, 2), (Verdict{1, 3, -1}));
}

TEST(Judge, OfEqualClassesTheFirstComesFirst) {
  const std::vector<float> outputs = {1, 2, 2, 2};
  EXPECT_EQ(Judge(outputs, 1).rank, 0);
  EXPECT_EQ(Judge(outputs, 3).rank, 2);
  EXPECT_EQ(Judge(outputs, 3).best, 1);
}

TEST(Judge, NaNComesLast) {
  const float nan = std::nanf("");
  EXPECT_EQ(Judge(std::vector<float>{nan, 1, 2}, 1).rank, 1);
  EXPECT_EQ(Judge(std::vector<float>{nan, 1, 2}, 1).best, 2);
  EXPECT_EQ(Judge(std::vector<float>{nan, 1, 2}, 0).rank, 2);
  const std::vector<Verdict> all_nan = {Judge(std::vector<float>{nan, nan}, 0)};
  EXPECT_EQ(all_nan[0].best, -1);
  EXPECT_EQ(AccuracyOf(all_nan), (Accuracy{1, 0, 0}));  // never right
}

TEST(Accuracy, CountsJudgedPhotosPerClass) {
  const std::vector<Verdict> verdicts = {{0, 0, 1}, {2, 4, 1}, {1, 5, 1}, {-1, -1, 0}};
  const std::vector<int32_t> labels = {7, 7, 8, 8};
  EXPECT_EQ(AccuracyOf(verdicts), (Accuracy{3, 1, 2}));
  const auto classes = AccuracyPerClass(verdicts, labels);
  EXPECT_EQ(classes.at(7), (Accuracy{2, 1, 2}));
  EXPECT_EQ(classes.at(8), (Accuracy{1, 0, 0}));
  EXPECT_DOUBLE_EQ(classes.at(7).Top1(), 0.5);
  EXPECT_DOUBLE_EQ(Accuracy{}.Top5(), 0);
}

}  // namespace
}  // namespace milan
