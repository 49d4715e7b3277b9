#pragma once

#include <stdexcept>
#include <string>

#include "milan/base/error.h"

namespace milan {

/// What scripts can rely on (documented in `milan --help`, tested by tests/cli).
enum class ExitCode {
  kDone = 0,
  kFailed = 1,        ///< An input or the machine is at fault; the message says which.
  kUsage = 2,         ///< The command line is wrong.
  kInternal = 3,      ///< A bug of milan.
  kCheckFailed = 4,   ///< All was done, and what was to be checked does not hold.
  kInterrupted = 130  ///< Ctrl-C; what was finished is kept.
};

/// Thrown by a command once all is written, when a check that the user asked for does not hold
/// (`milan audit --fail-if-more-than`). `what()` is one line for a person.
class CheckFailed : public std::runtime_error {
 public:
  explicit CheckFailed(const std::string& message) : std::runtime_error(message) {}
};

inline ExitCode ExitCodeOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUsage:
      return ExitCode::kUsage;
    case ErrorKind::kInput:
    case ErrorKind::kResource:
      return ExitCode::kFailed;
    case ErrorKind::kCancelled:
      return ExitCode::kInterrupted;
    case ErrorKind::kInternal:
      break;
  }
  return ExitCode::kInternal;
}

}  // namespace milan
