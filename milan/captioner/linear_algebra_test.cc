#include "milan/captioner/linear_algebra.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "milan/base/error.h"
#include "milan/captioner/bundle.h"

namespace milan {
namespace {

TEST(LinearAlgebra, FindsTheLibraryThatTheProcessUses) {
  const LinearAlgebra found = FindLinearAlgebra();
  EXPECT_FALSE(found.library.empty());
  EXPECT_EQ(SlowLinearAlgebraWarning().empty(), found.optimized);
}

TEST(LinearAlgebra, TheReferenceRoutinesAreSlow) {
  const std::string folder = "/usr/lib/x86_64-linux-gnu/";
  const std::string reference = folder + "blas/libblas.so.3";
  const std::string openblas = folder + "libopenblas.so.0";
  if (!std::filesystem::exists(reference) || !std::filesystem::exists(openblas)) {
    GTEST_SKIP() << "needs Debian's libblas3 and libopenblas0";
  }
  EXPECT_TRUE(InspectLinearAlgebra(openblas).optimized);
  EXPECT_EQ(WarningAbout(InspectLinearAlgebra(openblas)), "");
  EXPECT_FALSE(InspectLinearAlgebra(reference).optimized);
  EXPECT_THAT(WarningAbout(InspectLinearAlgebra(reference)),
              testing::AllOf(testing::HasSubstr(reference), testing::HasSubstr("libopenblas0")));
}

TEST(LinearAlgebra, RoutinesForOldProcessorsAreReplacedOnNewOnes) {
  EXPECT_EQ(BetterCore("Haswell"), "");
  EXPECT_EQ(BetterCore("SkylakeX"), "");
#if defined(__x86_64__)
  const bool is_new = __builtin_cpu_supports("avx2") != 0;
  EXPECT_EQ(BetterCore("Prescott").empty(), !is_new);
#endif
}

TEST(LinearAlgebra, WhatTheUserHasSetIsLeftAlone) {
  setenv("OMP_WAIT_POLICY", "ACTIVE", 1);
  setenv("OPENBLAS_CORETYPE", "Haswell", 1);
  EXPECT_THAT(LinearAlgebraSettings(), testing::IsEmpty());
  unsetenv("OMP_WAIT_POLICY");
  EXPECT_THAT(LinearAlgebraSettings(),
              testing::ElementsAre(testing::Field(&Setting::name, "OMP_WAIT_POLICY")));
  unsetenv("OPENBLAS_CORETYPE");
}

TEST(LinearAlgebra, OtherLibrariesAreRefused) {
  EXPECT_THROW(InspectLinearAlgebra("/no/such/library.so"), Error);
}

}  // namespace
}  // namespace milan
