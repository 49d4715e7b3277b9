#include "milan/actions/analysis_files.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/actions/analysis_tables.h"
#include "milan/actions/audit_files.h"
#include "milan/actions/html.h"
#include "milan/base/json.h"
#include "milan/base/version.h"
#include "milan/evaluate/interval_json.h"
#include "milan/report/staging_folder.h"

namespace milan {
namespace {

constexpr int kVersion = 1;
constexpr const char* kMarker = "analysis.json";
constexpr size_t kShownRows = 25;  ///< Of classes and units on the page; the files have all.

Json ToJson(const AnalysisCurve& curve, bool is_compared) {
  Json json = {{"name", curve.name}, {"meaning", curve.meaning}, {"units_with", curve.units_with}};
  json["points"] = Json::array();
  for (const AnalysisPoint& point : curve.points) {
    Json entry = {
        {"fraction", point.fraction}, {"units", point.units}, {"accuracy", ToJson(point.accuracy)}};
    if (is_compared) {
      entry["less_chance"] = ToJson(point.less_chance.difference);
      entry["p_value"] = point.less_chance.p_value;
      entry["adjusted_p_value"] = point.adjusted;
      entry["significant"] = point.IsSignificant();
    }
    json["points"].push_back(std::move(entry));
  }
  return json;
}

Json ToJson(const Analysis& analysis) {
  Json json = {{"units", analysis.units},
               {"photos", analysis.photos},
               {"baseline", ToJson(analysis.baseline)},
               {"chance", ToJson(analysis.chance, false)}};
  json["properties"] = Json::array();
  for (const AnalysisCurve& curve : analysis.curves) {
    json["properties"].push_back(ToJson(curve, true));
  }
  return json;
}

Json ToJson(const LayerImportance& layer) {
  Json json = {{"layer", layer.layer}};
  json["categories"] = Json::array();
  for (const CategoryImportance& category : layer.categories) {
    Json entry = {{"category", category.category},
                  {"units", category.units},
                  {"drop", category.drop},
                  {"output_drop", category.output_drop}};
    if (category.more_than_others) {
      entry["more_than_others"] = ToJson(category.more_than_others->difference);
      entry["p_value"] = category.more_than_others->p_value;
      entry["adjusted_p_value"] = category.adjusted;
      entry["significant"] = category.IsSignificant();
    }
    json["categories"].push_back(entry);
  }
  return json;
}

std::string CurveSentence(const AnalysisReport& report) {
  const Analysis& analysis = *report.analysis;
  std::vector<std::string> significant;
  for (const AnalysisCurve& curve : analysis.curves) {
    for (const AnalysisPoint& point : curve.points) {
      if (!point.IsSignificant()) continue;
      significant.push_back(fmt::format("{} at {} ({})", curve.name, PercentText(point.fraction),
                                        PointsText(point.less_chance.difference)));
    }
  }
  std::string text = fmt::format("Accuracy without edits: {} of {} photos, 95 % interval.",
                                 PercentText(analysis.baseline), analysis.photos);
  if (significant.empty()) {
    return text + fmt::format(
                      " No property differs significantly from random units (bootstrap, {} "
                      "comparisons, Holm, 5 %).",
                      analysis.curves.size() * report.options.fractions.size());
  }
  return text + fmt::format(" Significantly different from as many random units: {}.",
                            fmt::join(significant, "; "));
}

std::string ClassSentence(const AnalysisReport& report) {
  const auto& classes = report.analysis->classes;
  const auto compared = std::count_if(classes.begin(), classes.end(),
                                      [](const auto& effect) { return effect.is_compared; });
  const auto significant = std::count_if(classes.begin(), classes.end(), [](const auto& effect) {
    return effect.is_compared && effect.adjusted < kAlpha;
  });
  if (compared == 0) {
    return fmt::format("Classes are not compared: none has {} photos.",
                       report.options.least_class_photos);
  }
  return fmt::format("Of {} comparisons of single classes {} are significant (Holm, 5 %).",
                     compared, significant);
}

std::string ImportanceSentence(const LayerImportance& layer) {
  const auto significant = std::count_if(layer.units.begin(), layer.units.end(),
                                         [](const auto& unit) { return unit.adjusted < kAlpha; });
  std::vector<std::string> categories;
  for (const CategoryImportance& category : layer.categories) {
    if (category.IsSignificant()) categories.push_back(category.category);
  }
  return fmt::format(
      "{}: {} of {} units change accuracy significantly by themselves (McNemar, Benjamini and "
      "Hochberg, 5 %); {}.",
      layer.layer, significant, layer.units.size(),
      categories.empty()
          ? std::string("no category of descriptions matters more or less than others")
          : fmt::format("categories that differ from the other units: {}",
                        fmt::join(categories, ", ")));
}

std::string CategoryTable(const AnalysisReport& report) {
  HtmlTable table{{"layer", "described"}, {}, {false, true}};
  for (const std::string_view category : WordClasses::Categories()) {
    table.header.emplace_back(category);
    table.numbers.push_back(true);
  }
  for (const LayerCategories& layer : report.layers) {
    std::vector<std::string> row = {EscapeHtml(layer.layer), std::to_string(layer.described)};
    for (const int64_t count : layer.counts) {
      row.push_back(PercentText(Share{count, layer.described}.Value()));
    }
    table.rows.push_back(std::move(row));
  }
  return ToHtml(table);
}

std::string CurveTable(const Analysis& analysis) {
  HtmlTable table{{"property", "units that have it", "units zeroed", "accuracy (95 %)",
                   "less chance (95 %)", "corrected p", ""},
                  {},
                  {false, true, true, true, true, true, false}};
  const auto append = [&](const AnalysisCurve& curve, bool is_compared) {
    for (const AnalysisPoint& point : curve.points) {
      table.rows.push_back(
          {EscapeHtml(curve.name), is_compared ? std::to_string(curve.units_with) : "",
           fmt::format("{} ({})", point.units, PercentText(point.fraction)),
           PercentText(point.accuracy), is_compared ? PointsText(point.less_chance.difference) : "",
           is_compared ? PValueText(point.adjusted) : "",
           !is_compared            ? ""
           : point.IsSignificant() ? "<strong>significant</strong>"
                                   : "not significant"});
    }
  };
  append(analysis.chance, false);
  for (const AnalysisCurve& curve : analysis.curves) append(curve, true);
  return ToHtml(table);
}

/// Those with the smallest p-values.
std::string ClassTable(const AnalysisReport& report) {
  std::vector<const ClassEffect*> effects;
  for (const ClassEffect& effect : report.analysis->classes) {
    if (effect.is_compared) effects.push_back(&effect);
  }
  std::stable_sort(effects.begin(), effects.end(), [](const auto* a, const auto* b) {
    return a->less_chance.p_value < b->less_chance.p_value;
  });
  if (effects.empty()) return "";
  if (effects.size() > kShownRows) effects.resize(kShownRows);
  HtmlTable table{
      {"class", "property", "photos", "before", "after", "less chance (95 %)", "corrected p"},
      {},
      {false, false, true, true, true, true, true}};
  for (const ClassEffect* effect : effects) {
    table.rows.push_back(
        {EscapeHtml(ClassName(report, effect->label)), EscapeHtml(effect->property),
         std::to_string(effect->photos), PercentText(effect->before), PercentText(effect->after),
         PointsText(effect->less_chance.difference), PValueText(effect->adjusted)});
  }
  return ToHtml(table);
}

std::string ImportanceHtml(const LayerImportance& layer, const UnitLinks& links) {
  std::string html = "<h3>" + EscapeHtml(layer.layer) + "</h3>\n";
  HtmlTable categories{{"category", "units", "mean loss of accuracy", "mean loss of output",
                        "more than other units (95 %)", "corrected p", ""},
                       {},
                       {false, true, true, true, true, true, false}};
  for (const CategoryImportance& category : layer.categories) {
    std::vector<std::string> row = {category.category, std::to_string(category.units),
                                    fmt::format("{:.3f} points", 100 * category.drop),
                                    fmt::format("{:.5f}", category.output_drop)};
    if (category.more_than_others) {
      const Interval& difference = category.more_than_others->difference;
      row.push_back(fmt::format("{:+.5f} ({:+.5f} to {:+.5f})", difference.value, difference.low,
                                difference.high));
      row.push_back(PValueText(category.adjusted));
      row.push_back(category.IsSignificant() ? "<strong>significant</strong>" : "not significant");
    } else {
      row.insert(row.end(), {"-", "-", "too few units"});
    }
    categories.rows.push_back(std::move(row));
  }
  html += ToHtml(categories);
  std::vector<const UnitImportance*> units;
  for (const UnitImportance& unit : layer.units) units.push_back(&unit);
  std::stable_sort(units.begin(), units.end(), [](const auto* a, const auto* b) {
    return std::pair(-a->drop, -a->output_drop) < std::pair(-b->drop, -b->output_drop);
  });
  if (units.size() > kShownRows) units.resize(kShownRows);
  HtmlTable table{{"unit", "description", "photos lost", "gained", "loss of output", "corrected p"},
                  {},
                  {false, false, true, true, true, true}};
  for (const UnitImportance* unit : units) {
    table.rows.push_back({links.Link(unit->unit), EscapeHtml(unit->description),
                          std::to_string(unit->lost), std::to_string(unit->gained),
                          fmt::format("{:.5f}", unit->output_drop), PValueText(unit->adjusted)});
  }
  return html + "<p>The units whose loss costs most:</p>\n" + ToHtml(table);
}

std::string Provenance(const AnalysisReport& report) {
  std::string html = fmt::format(
      "<h2>How this was measured</h2>\n<p>Descriptions of {} by {}. Categories are by milan's word "
      "lists{}: a word may be in several, and a description may be wrong about its unit. Intervals "
      "of "
      "shares are Wilson's.",
      EscapeHtml(report.network.filename().string()),
      report.bundle.empty() ? "an unnamed describer" : EscapeHtml(report.bundle),
      report.with_word_net ? " and, for nouns in none, WordNet's fields"
                           : " only (no WordNet: many nouns have none)");
  if (report.analysis) {
    html += fmt::format(
        " Photos: {}. Units are ordered by a property of their descriptions, the largest first, "
        "equal "
        "ones at random, and the first ones of all layers together zeroed; chance is a random "
        "order. "
        "{} orders each. Intervals and p-values: bootstrap over photos (paired) and orders, {} "
        "resamples; with so few orders it takes chance for a little steadier than it is. p-values "
        "are corrected (Holm) among all comparisons of a table.",
        EscapeHtml(report.photos), report.options.seeds, report.options.bootstrap.resamples);
  }
  return html + "</p>\n";
}

std::string Links(const AnalysisReport& report) {
  std::vector<std::string> names = {"analysis.json", "categories.csv"};
  if (report.analysis) names.insert(names.end(), {"curves.csv", "classes.csv"});
  if (!report.importances.empty()) names.emplace_back("importance.csv");
  std::string html = "<p>Tables:";
  for (const std::string& name : names) html += fmt::format(" <a href=\"{0}\">{0}</a>", name);
  return html + "</p>\n";
}

std::string Page(const AnalysisReport& report, const Path& folder) {
  const UnitLinks links(report.run, folder);
  std::string body;
  for (const std::string& sentence : Summarize(report)) {
    body += "<p>" + EscapeHtml(sentence) + "</p>\n";
  }
  if (report.analysis) {
    body += "<h2>Which kinds of units matter</h2>\n" + CurvesPlot(*report.analysis) +
            CurveTable(*report.analysis);
    body += "<h2>By class, at the largest fraction</h2>\n";
    body += "<p>" + EscapeHtml(ClassSentence(report)) + "</p>\n";
    body += ClassTable(report);
  }
  if (!report.importances.empty()) {
    body += "<h2>Units one by one</h2>\n";
    for (const LayerImportance& layer : report.importances) body += ImportanceHtml(layer, links);
  }
  body += "<h2>What descriptions speak of, by layer</h2>\n" + CategoriesPlot(report) +
          CategoryTable(report);
  return HtmlPage("Analysis of " + report.network.filename().string(),
                  body + Provenance(report) + Links(report));
}

}  // namespace

std::vector<std::string> Summarize(const AnalysisReport& report) {
  int64_t described = 0;
  for (const LayerCategories& layer : report.layers) described += layer.described;
  std::vector<std::string> sentences = {
      fmt::format("{} described units in {} layers.", described, report.layers.size())};
  if (!report.not_measured.empty()) {
    sentences.push_back("Accuracy was not measured: " + report.not_measured);
  }
  if (report.analysis) {
    sentences.push_back(CurveSentence(report));
    sentences.push_back(ClassSentence(report));
  }
  for (const LayerImportance& layer : report.importances) {
    sentences.push_back(ImportanceSentence(layer));
  }
  return sentences;
}

std::string ToJson(const AnalysisReport& report) {
  Json json = {{"format", "milan-analysis"},  {"version", kVersion},
               {"milan", Version()},          {"network", report.network.string()},
               {"run", report.run.string()},  {"bundle", report.bundle},
               {"photos", report.photos},     {"wordnet", report.with_word_net},
               {"summary", Summarize(report)}};
  json["categories"] = WordClasses::Categories();
  json["layers"] = Json::array();
  for (const LayerCategories& layer : report.layers) {
    json["layers"].push_back(
        {{"layer", layer.layer}, {"described", layer.described}, {"counts", layer.counts}});
  }
  if (!report.not_measured.empty()) json["not_measured"] = report.not_measured;
  if (report.analysis) {
    json["seeds"] = report.options.seeds;
    json["seed"] = report.options.seed;
    json["resamples"] = report.options.bootstrap.resamples;
    json["curves"] = ToJson(*report.analysis);
  }
  if (!report.importances.empty()) {
    json["importance"] = Json::array();
    for (const LayerImportance& layer : report.importances) {
      json["importance"].push_back(ToJson(layer));
    }
  }
  return ToText(json, 2) + "\n";
}

void WriteAnalysis(const AnalysisReport& report, const Path& folder) {
  RequireReplaceable(folder, kMarker);
  StagingFolder staging(folder);
  staging.Write("index.html", Page(report, folder));
  staging.Write("categories.csv", CategoriesCsv(report));
  staging.Write("categories.svg", CategoriesPlot(report));
  if (report.analysis) {
    staging.Write("curves.csv", CurvesCsv(*report.analysis));
    staging.Write("curves.svg", CurvesPlot(*report.analysis));
    staging.Write("classes.csv", ClassesCsv(report));
  }
  if (!report.importances.empty()) staging.Write("importance.csv", ImportanceCsv(report));
  staging.Write(kMarker, ToJson(report));
  staging.Publish();
}

}  // namespace milan
