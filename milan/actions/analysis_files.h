#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "milan/actions/analysis.h"
#include "milan/base/file.h"

namespace milan {

/// How many descriptions of a layer have words of each category.
struct LayerCategories {
  std::string layer;
  int64_t described = 0;
  std::vector<int64_t> counts;  ///< In the order of WordClasses::Categories().
};

/// All units of a layer, one by one.
struct LayerImportance {
  std::string layer;
  std::vector<UnitImportance> units;
  std::vector<CategoryImportance> categories;
};

/// All that an analysis says, and what it was measured on.
struct AnalysisReport {
  Path network;
  Path run;
  std::string bundle;  ///< What described it.
  std::string photos;  ///< For people.
  bool with_word_net = false;
  std::vector<LayerCategories> layers;
  std::optional<Analysis> analysis;
  std::vector<LayerImportance> importances;
  std::string not_measured;              ///< Why there are no accuracies; empty when there are.
  std::vector<std::string> class_names;  ///< May be empty.
  AnalysisOptions options;
};

/// The sentences that sum it up, with what is not significant, and what could not be measured.
std::vector<std::string> Summarize(const AnalysisReport& report);

/// analysis.json (format `milan-analysis`, docs/actions.md), with a final newline.
std::string ToJson(const AnalysisReport& report);

/// Writes index.html, analysis.json, categories.csv and, where measured, curves.csv, classes.csv,
/// importance.csv and plots (.svg) into a folder that appears as a whole, in place of an older
/// analysis. Throws kUsage when it is something else; kResource.
void WriteAnalysis(const AnalysisReport& report, const Path& folder);

}  // namespace milan
