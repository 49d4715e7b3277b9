#include "milan/text/description_table.h"

#include <cstddef>
#include <set>
#include <utility>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/text/unit_list.h"
#include "milan/text/utf8.h"

namespace milan {

Descriptions ReadDescriptionTable(const Path& path) {
  const CsvTable table = ReadCsv(path);
  const size_t layer = table.Column("layer");
  const size_t unit = table.Column("unit");
  const size_t text = table.Column("description");
  Descriptions descriptions;
  descriptions.bundle_name = path.filename().string();
  std::set<std::pair<std::string, int64_t>> seen;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::vector<std::string>& fields = table.rows[row];
    const auto where = [&] { return table.name + ": row " + std::to_string(row + 1); };
    UnitDescription description;
    description.layer = fields[layer];
    description.unit = UnitField(table, row, unit);
    description.best.text = fields[text];
    if (!IsUtf8(description.best.text)) {
      throw InputError(where() +
                       ", column 'description': is not UTF-8; save the file in that encoding");
    }
    if (!seen.emplace(description.layer, description.unit).second) {
      throw InputError(where() + ": layer '" + description.layer + "' unit " +
                       std::to_string(description.unit) + " is described a second time");
    }
    description.state = description.best.text.empty() ? "dead" : "alive";
    descriptions.units.push_back(std::move(description));
  }
  return descriptions;
}

}  // namespace milan
