#include "milan/base/error.h"

namespace milan {

void FailCheck(const char* condition, const char* file, int line, const std::string& message) {
  throw Error(ErrorKind::kInternal, message + " (internal check `" + condition + "` failed at " +
                                        file + ":" + std::to_string(line) + ")");
}

}  // namespace milan
