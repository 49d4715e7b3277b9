#pragma once

#include <string>
#include <vector>

#include "cli/evaluation_inputs.h"

namespace milan {

/// What the confidences of the evaluated descriptions are worth on these annotations, as a table
/// for people; empty where they have none (no run of a calibrated bundle).
std::string ConfidenceTable(const std::vector<EvaluatedNetwork>& networks,
                            const AnnotationFilter& filter);

}  // namespace milan
