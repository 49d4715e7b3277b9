#include "tests/support/test_files.h"

namespace milan {

Path TestFile(const std::string& relative) { return Path(MILAN_SOURCE_DIR) / "tests" / relative; }

}  // namespace milan
