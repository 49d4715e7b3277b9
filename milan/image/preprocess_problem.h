#pragma once

#include <optional>
#include <string>

#include "milan/image/preprocess.h"

namespace milan {

/// What makes a preprocessing unusable, if anything. An option's fault and a file's fault are
/// errors of different kinds, but for the same reasons.
std::optional<std::string> PreprocessingProblem(const Preprocessing& preprocessing);

}  // namespace milan
