#include "milan/base/regular_expression.h"

#include <cctype>

namespace milan {
namespace {

/// Digits count as a number after a backslash and inside of braces only; elsewhere they are text.
void CheckNumbers(const std::string& expression) {
  constexpr size_t kMostDigits = 9;
  size_t digits = 0;
  char before = ' ';
  for (const char c : expression) {
    if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
      ++digits;
      const bool is_number = before == '\\' || before == '{' || before == ',';
      if (is_number && digits > kMostDigits) {
        throw std::regex_error(before == '\\' ? std::regex_constants::error_backref
                                              : std::regex_constants::error_badbrace);
      }
    } else {
      digits = 0;
      before = c;
    }
  }
}

}  // namespace

std::regex CompileRegex(const std::string& expression, std::regex::flag_type flags) {
  CheckNumbers(expression);
#ifdef __GLIBCXX__
  flags |= std::regex_constants::__polynomial;
#endif
  return std::regex(expression, flags);
}

}  // namespace milan
