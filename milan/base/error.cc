#include "milan/base/error.h"

#include <sstream>

namespace milan {

void RequireInRange(const std::string& option, double value, double low, double high) {
  if (value >= low && value <= high) return;
  std::ostringstream message;
  message << option << " must be in " << low << ".." << high;
  throw UsageError(message.str());
}

void FailCheck(const char* condition, const char* file, int line, const std::string& message) {
  throw Error(ErrorKind::kInternal, message + " (internal check `" + condition + "` failed at " +
                                        file + ":" + std::to_string(line) + ")");
}

}  // namespace milan
