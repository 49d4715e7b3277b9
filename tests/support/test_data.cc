#include "tests/support/test_data.h"

#include <cstdlib>
#include <filesystem>
#include <string>

namespace milan {

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "milan-test-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot create " << name;
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Path SharedData(const std::string& relative) {
  const char* chosen = std::getenv("MILAN_SHARED_DATA");
  const Path root = chosen != nullptr ? Path(chosen) : Path(MILAN_SOURCE_DIR) / "../shared/data";
  return relative.empty() ? root : root / relative;
}

bool HasSharedData() { return std::filesystem::exists(SharedData("networks")); }

}  // namespace milan
