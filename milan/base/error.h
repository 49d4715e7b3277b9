#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace milan {

/// What went wrong, in the terms a caller acts on. Values are never renumbered.
enum class ErrorKind {
  kUsage = 1,     ///< The request itself is wrong (unknown layer, bad option): change the command.
  kInput = 2,     ///< A file given to milan is missing, broken or of another format.
  kResource = 3,  ///< Disk, memory or another resource of the machine failed.
  kInternal = 4,  ///< A broken invariant: a bug of milan, whatever the input was.
  kCancelled = 5  ///< The user asked to stop (Ctrl-C); what was finished is kept.
};

/// The one exception type of milan: "this command cannot go on". Expected failures of a single item
/// (an undecodable photo) are return values, not exceptions.
///
/// `what()` is one line for a person: the place (file, layer, node, photo), what is wrong, and what
/// to do about it.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

/// Short forms that keep `throw` sites on one line: `throw InputError("{}: not a JPEG", path)` is
/// written as `throw InputError(path + ": not a JPEG")`.
inline Error UsageError(const std::string& message) { return {ErrorKind::kUsage, message}; }
inline Error InputError(const std::string& message) { return {ErrorKind::kInput, message}; }
inline Error ResourceError(const std::string& message) { return {ErrorKind::kResource, message}; }

/// Throws kUsage naming the option and the range unless low <= value <= high.
void RequireInRange(const std::string& option, double value, double low, double high);

/// Throws an `Error` of kind `kInternal` that names the file and line.
[[noreturn]] void FailCheck(const char* condition, const char* file, int line,
                            const std::string& message);

/// Checks an invariant that no input may break; a failure is a bug in milan.
#define MILAN_CHECK(condition, message) \
  ((condition) ? (void)0 : ::milan::FailCheck(#condition, __FILE__, __LINE__, (message)))

}  // namespace milan
