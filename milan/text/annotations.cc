#include "milan/text/annotations.h"

#include <cstddef>
#include <string_view>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/text/unit_list.h"
#include "milan/text/utf8.h"

namespace milan {
namespace {

/// Reads the fields of annotations by name from the rows of a table.
class AnnotationReader {
 public:
  explicit AnnotationReader(const CsvTable& table)
      : table_(table),
        layer_(table.Column("layer")),
        unit_(table.Column("unit")),
        text_(table.FindColumn("summary") >= 0 && table.FindColumn("description") < 0
                  ? table.Column("summary")
                  : table.Column("description")),
        split_(table.FindColumn("split")),
        annotator_(table.FindColumn("annotator")),
        certainty_(table.FindColumn("certainty")) {}

  Annotation Read(size_t row) const {
    Annotation annotation;
    annotation.layer = Required(row, layer_);
    Required(row, unit_);
    annotation.unit = UnitField(table_, row, unit_);
    annotation.text = Required(row, text_);
    annotation.split = Optional(row, split_);
    annotation.annotator = Optional(row, annotator_);
    annotation.certainty = Optional(row, certainty_);
    return annotation;
  }

 private:
  [[noreturn]] void Fail(size_t row, size_t column, const std::string& problem) const {
    throw InputError(table_.name + ": row " + std::to_string(row + 1) + ", column '" +
                     table_.header[column] + "': " + problem);
  }

  const std::string& Field(size_t row, size_t column) const {
    const std::string& field = table_.rows[row][column];
    if (!IsUtf8(field)) Fail(row, column, "is not UTF-8; save the file in that encoding");
    return field;
  }

  const std::string& Required(size_t row, size_t column) const {
    const std::string& field = Field(row, column);
    if (field.find_first_not_of(" \t\r\n") == std::string::npos) Fail(row, column, "is empty");
    return field;
  }

  std::string Optional(size_t row, int column) const {
    return column < 0 ? std::string() : Field(row, static_cast<size_t>(column));
  }

  const CsvTable& table_;
  size_t layer_;
  size_t unit_;
  size_t text_;
  int split_;
  int annotator_;
  int certainty_;
};

}  // namespace

std::vector<Annotation> ReadAnnotations(const Path& path) {
  const CsvTable table = ReadCsv(path);
  const AnnotationReader reader(table);
  std::vector<Annotation> annotations;
  annotations.reserve(table.rows.size());
  for (size_t row = 0; row < table.rows.size(); ++row) annotations.push_back(reader.Read(row));
  return annotations;
}

}  // namespace milan
