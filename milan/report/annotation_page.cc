#include "milan/report/annotation_page.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string_view>

#include "milan/base/error.h"
#include "milan/report/page.h"
#include "milan/report/page_data.h"
#include "milan/report/pages.h"

namespace milan {
namespace {

namespace fs = std::filesystem;

/// What the annotators' page takes from the report's.
constexpr std::array<std::string_view, 6> kSharedFiles = {
    "style.css",       "scripts/theme.js",    "scripts/data.js",
    "scripts/mask.js", "scripts/exemplar.js", "scripts/figures.js"};
constexpr std::string_view kPage = "annotate.html";

void WriteFiles(const StagingFolder& folder) {
  for (const PageFile& file : AnnotationPageFiles()) {
    folder.Write(file.name == kPage ? "index.html" : file.name, file.content);
  }
  for (const PageFile& file : PageFiles()) {
    const bool is_shared =
        std::find(kSharedFiles.begin(), kSharedFiles.end(), file.name) != kSharedFiles.end();
    if (is_shared) folder.Write(file.name, file.content);
  }
}

void CheckUnits(const RunManifest& manifest, const std::vector<UnitName>& units) {
  for (const UnitName& unit : units) {
    const auto layer =
        std::find_if(manifest.layers.begin(), manifest.layers.end(),
                     [&](const RunLayer& other) { return other.name == unit.layer; });
    if (layer == manifest.layers.end()) {
      throw UsageError("the run has no layer '" + unit.layer + "'");
    }
    if (unit.unit < 0 || unit.unit >= layer->units) {
      throw UsageError("layer '" + unit.layer + "' has no unit " + std::to_string(unit.unit) +
                       "; it has " + std::to_string(layer->units));
    }
  }
}

/// The run and its descriptions with only the layers that have a unit to be described.
void KeepLayers(const std::vector<UnitName>& units, Run& run, Descriptions& descriptions) {
  std::set<std::string> layers;
  for (const UnitName& unit : units) layers.insert(unit.layer);
  std::erase_if(run.manifest.layers,
                [&](const RunLayer& layer) { return !layers.contains(layer.name); });
  std::erase_if(descriptions.units, [&](const UnitDescription& description) {
    return !layers.contains(description.layer);
  });
}

}  // namespace

void Validate(const AnnotationPageOptions& options) {
  Validate(options.pictures);
  if (!(options.val_part >= 0 && options.val_part < 1)) {
    throw UsageError("the part of the validation split must be in 0..1, 1 excluded");
  }
  if (options.annotator.empty()) throw UsageError("the annotator's name must not be empty");
}

void WriteAnnotationPage(const Run& run, const Descriptions& descriptions, const Path& folder,
                         const AnnotationPageOptions& options, Progress& progress) {
  Validate(options);
  CheckUnits(run.manifest, options.units);
  CheckReplaceable(folder, fs::exists(folder / kAnnotationFile), "a page for annotators");
  Run shown = run;
  Descriptions shown_descriptions = descriptions;
  if (!options.units.empty()) KeepLayers(options.units, shown, shown_descriptions);
  const DescriptionIndex index(shown_descriptions, shown.manifest);
  StagingFolder staging(folder);
  WriteFiles(staging);
  WritePageData(shown, shown_descriptions, options.pictures, staging, progress);
  staging.Write(kAnnotationFile, AnnotationScript({options.seed, options.annotator,
                                                   options.val_part, options.units}));
  staging.Publish();
}

}  // namespace milan
