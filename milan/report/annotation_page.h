#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "milan/report/report.h"
#include "milan/text/unit_list.h"

namespace milan {

struct AnnotationPageOptions {
  ReportOptions pictures = {.picture_size = 224};
  uint64_t seed = 1;             ///< Of the random order: the same for all who share the work.
  std::string annotator = "a1";  ///< Name that the page proposes.
  double val_part = 0.1;         ///< Of the units, that the exported file puts into split "val".
  /// Units to be described; only their layers are written. Empty: all. Units that are not alive are
  /// left out by the page.
  std::vector<UnitName> units = {};
};
/// Throws kUsage naming the option and its range.
void Validate(const AnnotationPageOptions& options);

/// Writes a folder whose index.html shows one unit after the other for people to describe, and
/// gives back what they wrote as annotations (text/annotations.h). It opens from the disk, loads
/// nothing from elsewhere, and keeps what is written in the browser. It shows `descriptions`, which
/// may be empty, only to those who ask.
///
/// The folder appears as a whole, as a report does, and replaces an older one of its kind. Throws
/// kUsage when `folder` is something else, or a unit is not in the run.
void WriteAnnotationPage(const Run& run, const Descriptions& descriptions, const Path& folder,
                         const AnnotationPageOptions& options, Progress& progress);

}  // namespace milan
