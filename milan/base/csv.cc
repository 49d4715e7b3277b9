#include "milan/base/csv.h"

#include <algorithm>

#include "milan/base/error.h"

namespace milan {
namespace {

/// Reads one record (one or more lines when a quoted field holds line breaks) at a time.
class CsvParser {
 public:
  CsvParser(std::string_view text, const std::string& name) : text_(text), name_(name) {
    if (text_.starts_with("\xEF\xBB\xBF")) position_ = 3;
  }

  bool AtEnd() const { return position_ >= text_.size(); }
  size_t line() const { return line_; }

  std::vector<std::string> NextRecord() {
    std::vector<std::string> fields;
    for (;;) {
      fields.push_back(NextField());
      if (AtEnd()) return fields;
      const char separator = text_[position_++];
      if (separator == ',') continue;
      if (separator == '\r' && !AtEnd() && text_[position_] == '\n') ++position_;
      ++line_;
      return fields;
    }
  }

 private:
  std::string NextField() { return !AtEnd() && text_[position_] == '"' ? Quoted() : Plain(); }

  std::string Plain() {
    const size_t end = std::min(text_.find_first_of(",\r\n", position_), text_.size());
    std::string field(text_.substr(position_, end - position_));
    position_ = end;
    return field;
  }

  std::string Quoted() {
    const size_t first_line = line_;
    std::string field;
    for (++position_; !AtEnd(); ++position_) {
      const char c = text_[position_];
      if (c == '"') {
        ++position_;
        if (AtEnd() || text_[position_] != '"') {
          if (!AtEnd() &&
              std::string_view(",\r\n").find(text_[position_]) == std::string_view::npos) {
            throw InputError(name_ + ": line " + std::to_string(line_) +
                             ": text after a closing quote");
          }
          return field;
        }
      }
      if (c == '\n') ++line_;
      field += c;
    }
    throw InputError(name_ + ": the quote opened on line " + std::to_string(first_line) +
                     " is never closed");
  }

  std::string_view text_;
  const std::string& name_;
  size_t position_ = 0;
  size_t line_ = 1;
};

}  // namespace

int CsvTable::FindColumn(std::string_view column) const {
  const auto found = std::find(header.begin(), header.end(), column);
  return found == header.end() ? -1 : static_cast<int>(found - header.begin());
}

size_t CsvTable::Column(std::string_view column) const {
  const int index = FindColumn(column);
  if (index >= 0) return static_cast<size_t>(index);
  std::string present;
  for (const std::string& existing : header) present += (present.empty() ? "" : ", ") + existing;
  throw InputError(name + ": has no column '" + std::string(column) + "' (its columns: " + present +
                   ")");
}

CsvTable ParseCsv(std::string_view text, const std::string& name) {
  CsvTable table;
  table.name = name;
  CsvParser parser(text, table.name);
  if (parser.AtEnd()) throw InputError(name + ": is empty; expected a CSV header line");
  table.header = parser.NextRecord();
  while (!parser.AtEnd()) {
    const size_t line = parser.line();
    std::vector<std::string> row = parser.NextRecord();
    if (row.size() == 1 && row[0].empty()) continue;  // an empty line
    if (row.size() != table.header.size()) {
      throw InputError(name + ": line " + std::to_string(line) + " has " +
                       std::to_string(row.size()) + " fields, the header has " +
                       std::to_string(table.header.size()));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

CsvTable ReadCsv(const Path& path) { return ParseCsv(ReadFile(path), path.string()); }

std::string CsvLine(const std::vector<std::string>& fields) {
  std::string line;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) line += ',';
    if (fields[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += fields[i];
      continue;
    }
    line += '"';
    for (const char c : fields[i]) line += c == '"' ? std::string("\"\"") : std::string(1, c);
    line += '"';
  }
  return line + "\n";
}

}  // namespace milan
