#include "milan/text/unit_list.h"

#include <algorithm>
#include <charconv>
#include <system_error>

#include "milan/base/error.h"

namespace milan {

int64_t UnitField(const CsvTable& table, size_t row, size_t column) {
  const std::string& field = table.rows[row][column];
  int64_t unit = -1;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), unit);
  if (error != std::errc() || end != field.data() + field.size() || unit < 0) {
    throw InputError(table.name + ": row " + std::to_string(row + 1) + ", column '" +
                     table.header[column] + "': '" + field +
                     "' is not the number of a unit (0, 1, 2, ...)");
  }
  return unit;
}

std::vector<UnitName> ReadUnitList(const Path& path) {
  const CsvTable table = ReadCsv(path);
  const size_t layer = table.Column("layer");
  const size_t unit = table.Column("unit");
  std::vector<UnitName> units;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    units.push_back({table.rows[row][layer], UnitField(table, row, unit)});
  }
  if (units.empty()) throw InputError(path.string() + ": names no unit");
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  return units;
}

}  // namespace milan
