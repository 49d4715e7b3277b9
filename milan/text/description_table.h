#pragma once

#include "milan/base/file.h"
#include "milan/text/descriptions.h"

namespace milan {

/// Descriptions from any CSV with the columns layer, unit and description, such as a run's
/// descriptions.csv or what another program wrote; other columns are left alone. An empty
/// description is that of a unit without one. Throws kInput naming file, row and column, also when
/// a unit is there twice.
Descriptions ReadDescriptionTable(const Path& path);

}  // namespace milan
