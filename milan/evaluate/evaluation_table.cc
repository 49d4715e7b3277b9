#include "milan/evaluate/evaluation_table.h"

#include <optional>
#include <vector>

#include <fmt/format.h>

#include "milan/base/csv.h"

namespace milan {
namespace {

std::string Cell(const Interval& interval, int decimals) {
  return fmt::format("{:.{}f} ({:.{}f}–{:.{}f})", interval.value, decimals, interval.low, decimals,
                     interval.high, decimals);
}

/// Names come from users: a bar or a line break would end the cell.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' || c == '\r' ? ' ' : c;
  }
  return escaped;
}

void AppendFields(const std::optional<Interval>& interval, std::vector<std::string>& fields) {
  if (!interval) {
    fields.resize(fields.size() + 3);
    return;
  }
  for (const double value : {interval->value, interval->low, interval->high}) {
    fields.push_back(fmt::format("{:.6g}", value));
  }
}

}  // namespace

std::string ToMarkdown(std::span<const EvaluationRow> rows) {
  std::string table =
      "| texts | units | BLEU | embedding score | content-word F1 |\n"
      "| --- | ---: | ---: | ---: | ---: |\n";
  for (const EvaluationRow& row : rows) {
    const std::string embedding = row.embedding_score ? Cell(*row.embedding_score, 3) : "–";
    table += fmt::format("| {} | {} | {} | {} | {} |\n", Escaped(row.name), row.units,
                         Cell(row.bleu, 1), embedding, Cell(row.content_word_f1, 3));
  }
  return table;
}

std::string ToCsv(std::span<const EvaluationRow> rows) {
  std::string csv =
      "name,units,bleu,bleu_low,bleu_high,embedding_score,embedding_score_low,"
      "embedding_score_high,content_word_f1,content_word_f1_low,content_word_f1_high\n";
  for (const EvaluationRow& row : rows) {
    std::vector<std::string> fields = {row.name, std::to_string(row.units)};
    AppendFields(row.bleu, fields);
    AppendFields(row.embedding_score, fields);
    AppendFields(row.content_word_f1, fields);
    csv += CsvLine(fields);
  }
  return csv;
}

}  // namespace milan
