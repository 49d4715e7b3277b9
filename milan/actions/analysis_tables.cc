#include "milan/actions/analysis_tables.h"

#include <fmt/format.h>

#include "milan/actions/svg_plot.h"
#include "milan/actions/word_classes.h"
#include "milan/base/csv.h"

namespace milan {
namespace {

std::string Number(double value) { return fmt::format("{:.6f}", value); }

}  // namespace

std::string ClassName(const AnalysisReport& report, int32_t label) {
  if (label < 0 || label >= std::ssize(report.class_names)) return fmt::format("class {}", label);
  return report.class_names[static_cast<size_t>(label)];
}

std::string CategoriesCsv(const AnalysisReport& report) {
  std::string csv = "layer,described,category,units,share,low,high\n";
  const auto categories = WordClasses::Categories();
  for (const LayerCategories& layer : report.layers) {
    for (size_t i = 0; i < categories.size(); ++i) {
      const Interval share = ShareInterval({layer.counts[i], layer.described});
      csv += CsvLine({layer.layer, std::to_string(layer.described), std::string(categories[i]),
                      std::to_string(layer.counts[i]), Number(share.value), Number(share.low),
                      Number(share.high)});
    }
  }
  return csv;
}

std::string CurvesCsv(const Analysis& analysis) {
  std::string csv =
      "property,fraction,units,accuracy,low,high,less_chance,less_chance_low,less_chance_high,"
      "p_value,adjusted_p_value,significant\n";
  const auto append = [&](const AnalysisCurve& curve, bool is_compared) {
    for (const AnalysisPoint& point : curve.points) {
      std::vector<std::string> fields = {curve.name,
                                         Number(point.fraction),
                                         std::to_string(point.units),
                                         Number(point.accuracy.value),
                                         Number(point.accuracy.low),
                                         Number(point.accuracy.high)};
      if (is_compared) {
        const Interval& difference = point.less_chance.difference;
        fields.insert(fields.end(), {Number(difference.value), Number(difference.low),
                                     Number(difference.high), Number(point.less_chance.p_value),
                                     Number(point.adjusted), point.IsSignificant() ? "1" : "0"});
      } else {
        fields.resize(12);
      }
      csv += CsvLine(fields);
    }
  };
  append(analysis.chance, false);
  for (const AnalysisCurve& curve : analysis.curves) append(curve, true);
  return csv;
}

std::string ClassesCsv(const AnalysisReport& report) {
  std::string csv =
      "property,class,name,photos,before,after,chance,less_chance,low,high,p_value,"
      "adjusted_p_value\n";
  for (const ClassEffect& effect : report.analysis->classes) {
    std::vector<std::string> fields = {effect.property,
                                       std::to_string(effect.label),
                                       ClassName(report, effect.label),
                                       std::to_string(effect.photos),
                                       Number(effect.before),
                                       Number(effect.after),
                                       Number(effect.chance)};
    if (effect.is_compared) {
      const Interval& difference = effect.less_chance.difference;
      fields.insert(fields.end(),
                    {Number(difference.value), Number(difference.low), Number(difference.high),
                     Number(effect.less_chance.p_value), Number(effect.adjusted)});
    } else {
      fields.resize(12);
    }
    csv += CsvLine(fields);
  }
  return csv;
}

std::string ImportanceCsv(const AnalysisReport& report) {
  std::string csv =
      "layer,unit,lost,gained,drop,output_drop,p_value,adjusted_p_value,description\n";
  for (const LayerImportance& layer : report.importances) {
    for (const UnitImportance& unit : layer.units) {
      csv += CsvLine({layer.layer, std::to_string(unit.unit.unit), std::to_string(unit.lost),
                      std::to_string(unit.gained), Number(unit.drop), Number(unit.output_drop),
                      Number(unit.p_value), Number(unit.adjusted), unit.description});
    }
  }
  return csv;
}

std::string CategoriesPlot(const AnalysisReport& report) {
  BarPlot plot{"Descriptions with words of a category, by layer", {}};
  const auto categories = WordClasses::Categories();
  for (size_t i = 0; i < categories.size(); ++i) {
    BarPanel panel{std::string(categories[i]), {}};
    for (const LayerCategories& layer : report.layers) {
      panel.bars.push_back({layer.layer, ShareInterval({layer.counts[i], layer.described})});
    }
    plot.panels.push_back(std::move(panel));
  }
  return ToSvg(plot);
}

std::string CurvesPlot(const Analysis& analysis) {
  LinePlot plot{"Accuracy without the units that come first", "units zeroed", "accuracy", {}};
  const auto append = [&](const AnalysisCurve& curve, bool is_muted) {
    PlotSeries series{curve.name, {{0, analysis.baseline}}, is_muted};
    for (const AnalysisPoint& point : curve.points) {
      series.points.push_back({point.fraction, point.accuracy});
    }
    plot.series.push_back(std::move(series));
  };
  for (const AnalysisCurve& curve : analysis.curves) append(curve, false);
  append(analysis.chance, true);
  return ToSvg(plot);
}

}  // namespace milan
