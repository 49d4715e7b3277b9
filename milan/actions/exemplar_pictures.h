#pragma once

#include <span>
#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/exemplar/run.h"
#include "milan/report/staging_folder.h"
#include "milan/text/unit_list.h"

namespace milan {

struct ExemplarPictureOptions {
  std::string prefix = "pictures/";  ///< Of the files' names.
  int64_t per_unit = 6;
  int size = 112;   ///< Longer side, in pixels.
  int workers = 0;  ///< 0: one per processor.
};

/// Writes the best exemplars of units as JPEG files, what lies outside of the mask dimmed, and
/// returns their names for each unit in that order, best first. Photos that cannot be read are
/// left out, with one warning for all. Throws kUsage for a unit that the run does not have;
/// kCancelled.
std::vector<std::vector<std::string>> WriteExemplarPictures(const Run& run,
                                                            std::span<const UnitName> units,
                                                            const ExemplarPictureOptions& options,
                                                            const StagingFolder& folder,
                                                            Progress& progress);

}  // namespace milan
