#pragma once

#include <span>

namespace milan {

/// Mean over the photos that have the label of the share of such photos among those scored at least
/// as high (ties: in the order given). NaN when no photo has it. REQUIRES: equal sizes.
double AveragePrecision(std::span<const float> scores, std::span<const float> is_labelled);

}  // namespace milan
