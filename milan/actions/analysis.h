#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "milan/actions/significance.h"
#include "milan/actions/targeted_edit.h"
#include "milan/actions/word_classes.h"
#include "milan/text/unit_list.h"

namespace milan {

// Which kinds of units a classifier needs: units are ordered by a property of their descriptions,
// and growing fractions of them zeroed, beside the same in random order.

struct AnalysisOptions {
  std::vector<double> fractions = {0.02, 0.05, 0.1, 0.2};  ///< Of the units, ascending.
  int seeds = 3;                   ///< Random orders; and orders of units with equal values.
  uint64_t seed = 1;               ///< The first one.
  int64_t least_class_photos = 5;  ///< Classes with fewer photos are not compared.
  BootstrapOptions bootstrap = {1, 2000};
};
/// Throws kUsage naming the option and its range.
void Validate(const AnalysisOptions& options);

/// A property with its value for each unit.
struct PropertyValues {
  std::string name;
  std::string meaning;
  std::vector<double> values;
};

/// A fraction of the units zeroed.
struct AnalysisPoint {
  double fraction = 0;
  int64_t units = 0;
  Interval accuracy;       ///< Top-1; over photos and orders.
  Comparison less_chance;  ///< Less that of as many random units: below 0, such units matter more.
  double adjusted = 1;     ///< Its p-value, corrected among all points of all curves (Holm).
  bool IsSignificant() const { return adjusted < kAlpha; }
};

struct AnalysisCurve {
  std::string name;
  std::string meaning;
  int64_t units_with = 0;  ///< With a value above 0; beyond them the order is random.
  std::vector<AnalysisPoint> points;
};

/// One class at the largest fraction.
struct ClassEffect {
  std::string property;
  int32_t label = 0;
  int64_t photos = 0;
  double before = 0;
  double after = 0;   ///< Mean over orders.
  double chance = 0;  ///< The same with random units.
  Comparison less_chance;
  double adjusted = 1;       ///< Among all classes of all properties that are compared (Holm).
  bool is_compared = false;  ///< The class has enough photos.
};

struct Analysis {
  int64_t units = 0;
  int64_t photos = 0;  ///< Judged ones.
  Interval baseline;
  AnalysisCurve chance;
  std::vector<AnalysisCurve> curves;
  std::vector<ClassEffect> classes;
};

/// Zeroes the first units of each order and compares with random orders. `labels` are parallel to
/// the verdicts.
Analysis AnalyzeProperties(const std::vector<UnitName>& units,
                           const std::vector<PropertyValues>& properties,
                           const JudgedPhotos& photos, std::span<const int32_t> labels,
                           const AnalysisOptions& options);

/// Places of the values, the largest first; equal ones in an order that the seed decides.
std::vector<size_t> OrderByValue(std::span<const double> values, uint64_t seed);

/// What a classifier does without one unit.
struct UnitImportance {
  UnitName unit;
  std::string description;
  int64_t lost = 0;        ///< Photos that were right and are wrong without it.
  int64_t gained = 0;      ///< The other way round.
  double drop = 0;         ///< Of accuracy, as a share.
  double output_drop = 0;  ///< Mean over photos, of the output for the photo's own class.
  double p_value = 1;      ///< McNemar's exact test.
  double adjusted = 1;     ///< Among all units measured (Benjamini and Hochberg).
};
/// Each unit zeroed by itself. `descriptions` are parallel to `units`.
std::vector<UnitImportance> MeasureImportance(const std::vector<UnitName>& units,
                                              const std::vector<std::string>& descriptions,
                                              const JudgedPhotos& photos);

/// Units whose descriptions have a word of a category, against all others.
struct CategoryImportance {
  std::string category;
  int64_t units = 0;
  double drop = 0;         ///< Mean.
  double output_drop = 0;  ///< Mean.
  /// Of the output drop; bootstrap over units. None where few units have the category or lack it:
  /// resampling one value says nothing of how others would be.
  std::optional<Comparison> more_than_others;
  double adjusted = 1;  ///< Among the categories that are compared (Holm).
  bool IsSignificant() const { return adjusted < kAlpha; }
  static constexpr size_t kFewestUnits = 5;  ///< On either side of a comparison.
};
/// Of categories that some units have and some lack.
std::vector<CategoryImportance> CompareCategories(const std::vector<UnitImportance>& units,
                                                  const WordClasses& classes,
                                                  const BootstrapOptions& options);

}  // namespace milan
