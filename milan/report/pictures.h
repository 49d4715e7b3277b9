#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "milan/base/progress.h"
#include "milan/exemplar/run.h"
#include "milan/image/image.h"
#include "milan/report/report.h"
#include "milan/report/staging_folder.h"

namespace milan {

/// A photo as the report shows it.
struct ReportPhoto {
  int32_t id = 0;
  int width = 0;  ///< Of the original, in pixels; 0 when it could not be read.
  int height = 0;
  Box view;             ///< What the network sees of it, in fractions of width and height.
  std::string failure;  ///< Empty, or why there is no picture.
};

/// File of a photo's picture inside the report.
Path PictureName(int32_t photo_id);

/// Writes the picture of each of `photo_ids`, and returns them in that order.
///
/// A picture is the WHOLE photo, scaled so that the part the network sees is `picture_size` long.
/// The page cuts that part out when it shows it, so one file (about 10 kB) serves the exemplar and
/// the whole photo, and changing between the two loads nothing. Photos are never enlarged.
///
/// Photos that cannot be read, or whose content is not what the run saw, are warned of.
/// Throws kInput when none can be read; kCancelled.
std::vector<ReportPhoto> WritePictures(const Run& run, std::span<const int32_t> photo_ids,
                                       const ReportOptions& options, const StagingFolder& folder,
                                       Progress& progress);

}  // namespace milan
