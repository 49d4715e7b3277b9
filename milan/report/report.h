#pragma once

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/exemplar/run.h"
#include "milan/text/descriptions.h"

namespace milan {

struct ReportOptions {
  // Affects the result.
  int picture_size =
      160;                ///< Longer side, in pixels, of the part of a photo that the network sees.
  int jpeg_quality = 80;  ///< Of the pictures: 1 to 100.
  // Affects speed only.
  int workers = 0;  ///< 0: one per processor.
};
/// Throws kUsage naming the option and its range.
void Validate(const ReportOptions& options);

/// Writes a folder whose index.html shows every unit of the run with its exemplars, masks,
/// description and scores. It opens from the disk in a browser and loads nothing from elsewhere.
///
/// `descriptions` may be empty: then the exemplars are shown without descriptions. Units that have
/// none for a reason of their own (dead, constant, invalid) say so in any case.
///
/// The folder appears as a whole: written beside its place, then renamed, replacing an older
/// report. Photos that can no longer be read are warned of and shown as missing. Throws kUsage when
/// `folder` exists and is something else than a report; kInput when the descriptions belong to
/// another run or no photo can be read; kResource when the disk is full; kCancelled.
void WriteReport(const Run& run, const Descriptions& descriptions, const Path& folder,
                 const ReportOptions& options, Progress& progress);

}  // namespace milan
