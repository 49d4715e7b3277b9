#include "milan/exemplar/export.h"

#include <algorithm>
#include <filesystem>

#include "milan/base/error.h"
#include "milan/exemplar/export_formats.h"
#include "milan/exemplar/run_layers.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

constexpr int kLargestSize = 4096;

/// The chosen layers of the run, in its order.
std::vector<std::string> ChooseLayers(const Run& run, const std::vector<std::string>& patterns) {
  std::vector<std::string> names;
  for (const RunLayer& layer : SelectRunLayers(run, patterns)) names.push_back(layer.name);
  return names;
}

void RefuseFullFolder(const Path& folder, bool overwrite) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  if (!fs::is_directory(folder, error)) {
    throw UsageError(folder.string() + ": exists and is not a folder; choose another -o");
  }
  if (overwrite || fs::is_empty(folder, error)) return;
  throw UsageError(folder.string() +
                   ": is not empty; choose another folder for -o, or --overwrite to replace files "
                   "of the same names in it");
}

}  // namespace

ExportFormat ParseExportFormat(const std::string& text) {
  if (text == "milan") return ExportFormat::kMilan;
  if (text == "csv") return ExportFormat::kCsv;
  if (text == "json") return ExportFormat::kJson;
  if (text == "npz") return ExportFormat::kNpz;
  throw UsageError("format '" + text + "': expected milan, csv, json or npz");
}

void Validate(const ExportOptions& options) {
  if (options.size < 1 || options.size > kLargestSize) {
    throw UsageError("the size must be in 1.." + std::to_string(kLargestSize));
  }
  if (options.workers < 0 || options.workers > 1024) {
    throw UsageError("the workers must be in 0..1024");
  }
}

void ExportRun(const Run& run, const Path& folder, const ExportOptions& options,
               Progress& progress) {
  Validate(options);
  const std::vector<std::string> layers = ChooseLayers(run, options.layers);
  RefuseFullFolder(folder, options.overwrite);
  CreateFolder(folder);
  RemoveStaleTemporaries(folder);
  switch (options.format) {
    case ExportFormat::kMilan:
      return ExportMilanLayout(run, layers, folder, options, progress);
    case ExportFormat::kCsv:
      return ExportCsv(run, layers, folder, options, progress);
    case ExportFormat::kJson:
      return ExportJson(run, layers, folder, options, progress);
    case ExportFormat::kNpz:
      return ExportNpz(run, layers, folder, options, progress);
  }
}

}  // namespace milan
