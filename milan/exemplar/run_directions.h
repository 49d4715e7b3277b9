#pragma once

// Private to this module: what run.json says of directions.

#include <string>
#include <string_view>
#include <vector>

#include "milan/exemplar/run.h"

namespace milan {

/// The member "directions" of a manifest.
std::string ToJsonText(const std::vector<RunDirections>& directions);
/// Throws kInput beginning with `name`.
std::vector<RunDirections> ParseRunDirections(std::string_view text, const std::string& name);

/// What differs, in words for a person; empty when nothing does.
std::string Difference(const std::vector<RunDirections>& run,
                       const std::vector<RunDirections>& wanted);

}  // namespace milan
