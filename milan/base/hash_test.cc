#include "milan/base/hash.h"

#include <gtest/gtest.h>

#include "tests/support/test_data.h"

namespace milan {
namespace {

TEST(Hash, MatchesThePublishedVectorOfXxh3) {
  // XXH3_128bits of the empty input with seed 0, as in the algorithm's specification.
  EXPECT_EQ(HashText(""), "99aa06d3014798d86001c324468d497f");
}

TEST(Hash, FileAndTextOfTheSameContentAgree) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "f", "milan");
  EXPECT_EQ(HashFile(folder / "f"), HashText("milan"));
  EXPECT_NE(HashText("milan"), HashText("Milan"));
}

}  // namespace
}  // namespace milan
