#pragma once

#include <string>

#include <gtest/gtest.h>

#include "milan/base/file.h"

namespace milan {

/// A folder of its own for one test, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const Path& path() const { return path_; }
  Path operator/(const std::string& name) const { return path_ / name; }

 private:
  Path path_;
};

/// The development data (networks, photos, parity vectors), which is not part of the repository:
/// $MILAN_SHARED_DATA or ../shared/data beside the checkout.
Path SharedData(const std::string& relative = "");
bool HasSharedData();

/// First statement of a test that reads SharedData(): without it the test says so and is skipped.
#define MILAN_NEEDS_SHARED_DATA()                                              \
  if (!::milan::HasSharedData())                                               \
  GTEST_SKIP() << "needs the development data; set MILAN_SHARED_DATA (looked " \
                  "in "                                                        \
               << ::milan::SharedData() << ")"

}  // namespace milan
