#pragma once

#include <span>
#include <string>

#include "milan/evaluate/evaluation.h"

namespace milan {

/// Rows as a Markdown table: value (low–high).
std::string ToMarkdown(std::span<const EvaluationRow> rows);

/// Rows as CSV with a header line: name,units and value, _low and _high of each score; fields of a
/// score that was not computed are empty.
std::string ToCsv(std::span<const EvaluationRow> rows);

}  // namespace milan
