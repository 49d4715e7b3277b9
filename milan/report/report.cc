#include "milan/report/report.h"

#include <filesystem>
#include <string>

#include "milan/base/error.h"
#include "milan/report/page.h"
#include "milan/report/page_data.h"
#include "milan/report/pages.h"

namespace milan {

void Validate(const ReportOptions& options) {
  if (options.picture_size < 32 || options.picture_size > 1024) {
    throw UsageError("picture size " + std::to_string(options.picture_size) +
                     ": must be 32 to 1024 pixels");
  }
  if (options.jpeg_quality < 1 || options.jpeg_quality > 100) {
    throw UsageError("JPEG quality " + std::to_string(options.jpeg_quality) + ": must be 1 to 100");
  }
  if (options.workers < 0) {
    throw UsageError("workers " + std::to_string(options.workers) + ": must not be negative");
  }
}

void WriteReport(const Run& run, const Descriptions& descriptions, const Path& folder,
                 const ReportOptions& options, Progress& progress) {
  namespace fs = std::filesystem;
  Validate(options);
  const bool is_report = fs::exists(folder / kReportFile) && !fs::exists(folder / kAnnotationFile);
  CheckReplaceable(folder, is_report, "a report");
  // What does not fit is an error before anything is written.
  const DescriptionIndex index(descriptions, run.manifest);
  StagingFolder staging(folder);
  for (const PageFile& file : PageFiles()) staging.Write(file.name, file.content);
  WritePageData(run, descriptions, options, staging, progress);
  staging.Publish();
}

}  // namespace milan
