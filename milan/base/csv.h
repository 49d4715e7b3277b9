#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "milan/base/file.h"

namespace milan {

/// A table of text read from a CSV file with a header line (RFC 4180: quotes, embedded commas and
/// line breaks; also accepts CRLF and a UTF-8 byte order mark).
struct CsvTable {
  std::string name;  ///< For errors: the file it was read from.
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;

  /// Column of that name. Throws kInput naming the file and the columns it does have.
  size_t Column(std::string_view column) const;
  /// Column of that name, or -1.
  int FindColumn(std::string_view column) const;
};

/// Throws kInput naming file and line (unbalanced quote, row with another number of fields).
CsvTable ReadCsv(const Path& path);
CsvTable ParseCsv(std::string_view text, const std::string& name);

/// One line with its newline; fields are quoted where needed.
std::string CsvLine(const std::vector<std::string>& fields);

}  // namespace milan
