#include "milan/evaluate/evaluation_table.h"

#include <vector>

#include <fmt/format.h>

#include "milan/base/csv.h"
#include "milan/base/json.h"
#include "milan/evaluate/interval_json.h"

namespace milan {
namespace {

using Scores = std::vector<Score> EvaluationRow::*;

std::string Cell(const Score& score) {
  const auto number = [&](double value) { return fmt::format("{:.{}f}", value, score.decimals); };
  const Interval& interval = score.interval;
  if (!score.has_interval) return number(interval.value);
  return fmt::format("{} ({}–{})", number(interval.value), number(interval.low),
                     number(interval.high));
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

/// REQUIRES: rows that all have the same scores.
std::string Table(std::span<const EvaluationRow> rows, Scores scores) {
  std::string header = "| texts | units |";
  std::string line = "| --- | ---: |";
  for (const Score& score : rows.front().*scores) {
    header += " " + score.title + " |";
    line += " ---: |";
  }
  std::string table = header + "\n" + line + "\n";
  for (const EvaluationRow& row : rows) {
    table += fmt::format("| {} | {} |", Escaped(row.name), row.units);
    for (const Score& score : row.*scores) table += " " + Cell(score) + " |";
    table += "\n";
  }
  return table;
}

bool IsConstant(const EvaluationRow& row) { return row.repeated.distinct <= 1; }

/// Texts that several units were given, of the sets in which that is news.
std::string RepeatedTexts(std::span<const EvaluationRow> rows) {
  std::string list;
  for (const EvaluationRow& row : rows) {
    if (row.repeated.most_frequent.empty() || IsConstant(row) || row.name == "shuffled") continue;
    std::string texts;
    for (const RepeatedText& repeated : row.repeated.most_frequent) {
      if (!texts.empty()) texts += ", ";
      texts += fmt::format("\"{}\" {}", Escaped(repeated.text), repeated.units);
    }
    list += fmt::format("- most repeated of {}: {}\n", Escaped(row.name), texts);
  }
  return list;
}

std::string Section(std::span<const EvaluationRow> rows) {
  std::string section = Table(rows, &EvaluationRow::agreement);
  section += "\n" + Table(rows, &EvaluationRow::distinction);
  const std::string repeated = RepeatedTexts(rows);
  if (!repeated.empty()) section += "\n" + repeated;
  return section;
}

/// The first of `rows` that have one certainty.
std::span<const EvaluationRow> SameCertainty(std::span<const EvaluationRow> rows) {
  size_t count = 0;
  while (count < rows.size() && rows[count].certainty == rows.front().certainty) ++count;
  return rows.first(count);
}

}  // namespace

std::string ToMarkdown(std::span<const EvaluationRow> rows) {
  std::string text;
  while (!rows.empty()) {
    const auto section = SameCertainty(rows);
    if (!text.empty()) text += "\n";
    const std::string& certainty = section.front().certainty;
    if (!certainty.empty()) {
      text += fmt::format("Units whose content is {}:\n\n", Escaped(certainty));
    }
    text += Section(section);
    rows = rows.subspan(section.size());
  }
  return text;
}

std::string ToCsv(std::span<const EvaluationRow> rows) {
  if (rows.empty()) return "name,certainty,units\n";
  std::vector<std::string> header = {"name", "certainty", "units"};
  for (const Scores scores : {&EvaluationRow::agreement, &EvaluationRow::distinction}) {
    for (const Score& score : rows.front().*scores) {
      header.push_back(score.column);
      if (!score.has_interval) continue;
      header.push_back(score.column + "_low");
      header.push_back(score.column + "_high");
    }
  }
  std::string csv = CsvLine(header);
  for (const EvaluationRow& row : rows) {
    std::vector<std::string> fields = {row.name, row.certainty, std::to_string(row.units)};
    const auto add = [&](double value) { fields.push_back(fmt::format("{:.6g}", value)); };
    for (const Scores scores : {&EvaluationRow::agreement, &EvaluationRow::distinction}) {
      for (const Score& score : row.*scores) {
        add(score.interval.value);
        if (!score.has_interval) continue;
        add(score.interval.low);
        add(score.interval.high);
      }
    }
    csv += CsvLine(fields);
  }
  return csv;
}

std::string ToJson(std::span<const EvaluationRow> rows) {
  Json list = Json::array();
  for (const EvaluationRow& row : rows) {
    Json entry = {{"name", row.name}, {"certainty", row.certainty}, {"units", row.units}};
    for (const Scores scores : {&EvaluationRow::agreement, &EvaluationRow::distinction}) {
      for (const Score& score : row.*scores) {
        entry[score.column] =
            score.has_interval ? ToJson(score.interval) : Json(score.interval.value);
      }
    }
    Json repeated = Json::array();
    for (const RepeatedText& text : row.repeated.most_frequent) {
      repeated.push_back({{"text", text.text}, {"units", text.units}});
    }
    entry["repeated"] = std::move(repeated);
    list.push_back(std::move(entry));
  }
  return ToText(list, 2);
}

}  // namespace milan
