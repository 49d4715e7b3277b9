#pragma once

#include <string>
#include <vector>

#include "milan/base/file.h"
#include "milan/base/progress.h"
#include "milan/exemplar/run.h"

namespace milan {

/// What other programs read (docs/formats.md).
enum class ExportFormat {
  kMilan,  ///< The original's layout: a folder per layer with images.npy, masks.npy, ...
  kCsv,    ///< exemplars.csv: one line per exemplar.
  kJson,   ///< exemplars.json: the same, nested.
  kNpz     ///< A file per layer for numpy.load, with the activation maps.
};
/// "milan", "csv", "json", "npz". Throws kUsage.
ExportFormat ParseExportFormat(const std::string& text);

struct ExportOptions {
  ExportFormat format = ExportFormat::kMilan;
  ExemplarKind kind = ExemplarKind::kStrongest;
  std::vector<std::string> layers = {};  ///< Names or globs; empty: all of the run.
  int size = 224;                        ///< Height and width of masks and images (kMilan).
  bool overwrite = false;                ///< Replace files of the same name in the folder.
  int workers = 0;                       ///< Photos at once (kMilan); 0: processors.
};
/// Throws kUsage.
void Validate(const ExportOptions& options);

/// Writes the exemplars of a run into `folder`, each file atomically. Throws kUsage (an unknown
/// layer, a folder that is not empty), kInput naming a photo that cannot be read any more,
/// kResource.
void ExportRun(const Run& run, const Path& folder, const ExportOptions& options,
               Progress& progress);

}  // namespace milan
