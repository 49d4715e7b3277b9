#pragma once

#include <span>
#include <string>

#include "milan/evaluate/evaluation.h"

namespace milan {

/// Rows as Markdown: for all units and then for each certainty, a table of agreement with the
/// annotators and one of how far the texts tell units apart, both value (low–high), and a list of
/// the texts that several units were given.
std::string ToMarkdown(std::span<const EvaluationRow> rows);

/// Rows as CSV with a header line: name, certainty, units, then every score that a row has: value,
/// _low and _high (only the value where there is no interval).
std::string ToCsv(std::span<const EvaluationRow> rows);

/// Rows as JSON: a list of objects with the same names as the CSV's columns, intervals as {value,
/// low, high}, and `repeated`, the most frequent texts with their numbers of units.
std::string ToJson(std::span<const EvaluationRow> rows);

}  // namespace milan
