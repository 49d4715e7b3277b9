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

TEST(LinearAlgebra, OtherLibrariesAreRefused) {
  EXPECT_THROW(InspectLinearAlgebra("/no/such/library.so"), Error);
}

}  // namespace
}  // namespace milan
