#pragma once

// Private to this module: the tables of an analysis as CSV, and its plots.

#include <string>

#include "milan/actions/analysis_files.h"

namespace milan {

/// layer,described,category,units,share,low,high
std::string CategoriesCsv(const AnalysisReport& report);
/// property,fraction,units,accuracy,low,high,less_chance,less_chance_low,less_chance_high,p_value,
/// adjusted_p_value,significant: first the rows of chance, which have no comparison.
std::string CurvesCsv(const Analysis& analysis);
/// property,class,name,photos,before,after,chance,less_chance,low,high,p_value,adjusted_p_value;
/// the last five are empty for classes of few photos.
std::string ClassesCsv(const AnalysisReport& report);
/// layer,unit,lost,gained,drop,output_drop,p_value,adjusted_p_value,description
std::string ImportanceCsv(const AnalysisReport& report);

std::string CategoriesPlot(const AnalysisReport& report);
std::string CurvesPlot(const Analysis& analysis);

/// "tench" or, without names, "class 3".
std::string ClassName(const AnalysisReport& report, int32_t label);

}  // namespace milan
