#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

#include "milan/base/csv.h"
#include "milan/base/file.h"

namespace milan {

/// A unit by its place in a network.
struct UnitName {
  std::string layer;
  int64_t unit = 0;
  friend auto operator<=>(const UnitName&, const UnitName&) = default;
};

/// Reads which units are meant from a CSV with the columns layer and unit; other columns are left
/// alone, so that annotations and descriptions are such files too. Sorted, each unit once. Throws
/// kInput naming file, row and column, also when the file names no unit.
std::vector<UnitName> ReadUnitList(const Path& path);

/// The number of a unit in that field. Throws kInput naming file, row and column.
int64_t UnitField(const CsvTable& table, size_t row, size_t column);

}  // namespace milan
