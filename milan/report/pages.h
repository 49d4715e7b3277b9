#pragma once

// Private to the module: what a report and a page for annotators have in common.

#include "milan/report/report.h"
#include "milan/report/staging_folder.h"

namespace milan {

/// The file that every folder of pages has, and the one that only annotators' have.
inline constexpr const char* kReportFile = "data/report.js";
inline constexpr const char* kAnnotationFile = "data/annotation.js";

/// A typing error in an option must not delete somebody's photos, or replace one kind of page by
/// the other. `kind` is for the message. Throws kUsage.
void CheckReplaceable(const Path& folder, bool is_same_kind, const std::string& kind);

/// Writes the data files (report.js, exemplars-N.js, photos.js) and the pictures of a run.
void WritePageData(const Run& run, const Descriptions& descriptions, const ReportOptions& options,
                   const StagingFolder& folder, Progress& progress);

}  // namespace milan
