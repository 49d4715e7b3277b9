#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "milan/exemplar/exemplar_set.h"
#include "milan/exemplar/run.h"
#include "milan/exemplar/unit_table.h"
#include "milan/report/pictures.h"
#include "milan/text/descriptions.h"
#include "milan/text/unit_list.h"

namespace milan {

// The data files of the page. They are scripts that hand JSON to a function of the page, because a
// page opened from the disk may run scripts beside it but not read other files.

/// Side of the grid on which masks are stored, in cells; the page smooths it to any size.
inline constexpr int kMaskSize = 112;
/// Units per exemplar file: the page loads only the files of units in sight.
inline constexpr int64_t kUnitsPerFile = 32;

/// Finds the description of a unit. Refers to the descriptions, which must outlive it.
class DescriptionIndex {
 public:
  /// Throws kInput when a description is of a layer or unit that the run does not have.
  DescriptionIndex(const Descriptions& descriptions, const RunManifest& manifest);

  /// Null when there is none.
  const UnitDescription* Find(const std::string& layer, int64_t unit) const;

 private:
  std::map<std::pair<std::string, int64_t>, const UnitDescription*> units_;
};

/// What search, filters and sorting need of one layer.
struct LayerSummary {
  std::string name;
  int64_t height = 0;
  int64_t width = 0;
  int64_t first_file = 0;  ///< Number of the exemplar file that holds unit 0.
  std::vector<std::string> states;
  std::vector<std::string> descriptions;  ///< Empty where there is none.
  std::vector<double> pmis;               ///< NaN where there is no description.
  std::vector<double> confidences;        ///< NaN where there is none.
  std::vector<double> peaks;              ///< Activation of the best exemplar.
};
LayerSummary Summarize(const ExemplarSet& set, const DescriptionIndex& descriptions);

/// data/report.js: provenance and the summaries of all layers.
std::string ReportScript(const RunManifest& manifest, const Descriptions& descriptions,
                         std::span<const LayerSummary> layers);

/// data/photos.js: names, sizes and views of the photos shown.
std::string PhotosScript(const Run& run, std::span<const ReportPhoto> photos);

/// What a page for annotators needs beyond a report.
struct AnnotationSettings {
  uint64_t seed = 1;            ///< Of the order of the units.
  std::string annotator;        ///< Proposed name.
  double val_part = 0.1;        ///< Of the units, for the split.
  std::vector<UnitName> units;  ///< To be described; empty: all alive ones.
};
/// data/annotation.js.
std::string AnnotationScript(const AnnotationSettings& settings);

/// Units of one layer that share an exemplar file: [first, last).
struct UnitRange {
  int64_t first = 0;
  int64_t last = 0;
};

/// data/exemplars-<number>.js: photos, activations and their distribution, masks, scores and
/// runners-up of a range of units. `facts` are those of all units of the set.
std::string ExemplarsScript(int64_t number, const ExemplarSet& set,
                            std::span<const UnitFacts> facts, const UnitRange& range,
                            const DescriptionIndex& descriptions);

}  // namespace milan
