#include "milan/actions/edit_files.h"

#include <array>
#include <numeric>

#include <fmt/format.h>

#include "milan/actions/audit_files.h"
#include "milan/actions/html.h"
#include "milan/actions/svg_plot.h"
#include "milan/base/csv.h"
#include "milan/base/json.h"
#include "milan/base/version.h"
#include "milan/evaluate/interval_json.h"
#include "milan/report/staging_folder.h"

namespace milan {
namespace {

constexpr int kVersion = 1;
constexpr const char* kMarker = "edit.json";

Json ToJson(const CorrectedComparison& comparison) {
  return {{"difference", ToJson(comparison.comparison.difference)},
          {"p_value", comparison.comparison.p_value},
          {"adjusted_p_value", comparison.adjusted},
          {"significant", comparison.IsSignificant()}};
}

Json ToJson(const EditTest& test) {
  Json json = {{"photos", test.name},
               {"before", ToJson(test.before)},
               {"after", ToJson(test.after)},
               {"change", ToJson(test.change)},
               {"mcnemar_p_value", test.mcnemar_p_value}};
  if (!test.random_trials.empty()) {
    json["random"] = {{"trials", test.random_trials},
                      {"edit_less_this", ToJson(test.against_random)}};
    json["sorted"] = {{"trials", test.sorted_trials},
                      {"edit_less_this", ToJson(test.against_sorted)}};
  }
  json["curve"] = Json::array();
  for (const EditCurvePoint& point : test.curve) {
    Json entry = {{"units", point.units}, {"edit", ToJson(point.edit)}};
    if (!test.random_trials.empty()) {
      entry["random"] = ToJson(point.random);
      entry["sorted"] = ToJson(point.sorted);
    }
    json["curve"].push_back(std::move(entry));
  }
  return json;
}

std::string Verdict(const CorrectedComparison& comparison) {
  return fmt::format("{}, corrected {}: {}", PointsText(comparison.comparison.difference),
                     PEqualsText(comparison.adjusted),
                     comparison.IsSignificant() ? "significant" : "not significant");
}

std::string TestSentence(const EditTest& test) {
  std::string text =
      fmt::format("On {} photos accuracy goes from {} to {}: {}.", test.name,
                  PercentText(test.before), PercentText(test.after), Verdict(test.change));
  if (!test.random_trials.empty()) {
    text += fmt::format(
        " Against as many random units: {}. Against as many units chosen alike "
        "whatever their description: {}.",
        Verdict(test.against_random), Verdict(test.against_sorted));
  }
  return text;
}

std::string MeanText(const std::vector<double>& trials) {
  const double sum = std::accumulate(trials.begin(), trials.end(), 0.0);
  return PercentText(sum / static_cast<double>(trials.size()));
}

/// What the edited network is compared with on each kind of photos.
std::string TestTable(const EditReport& report) {
  HtmlTable table{{"photos", "compared with", "its accuracy", "edited (95 %)",
                   "edited − that (95 %)", "corrected p"},
                  {},
                  {false, false, true, true, true, true}};
  for (const EditTest& test : report.edit.tests) {
    const auto add = [&](const char* name, const std::string& accuracy,
                         const CorrectedComparison& compared) {
      table.rows.push_back({EscapeHtml(test.name), name, accuracy, PercentText(test.after),
                            PointsText(compared.comparison.difference),
                            PValueText(compared.adjusted)});
    };
    add("the network before", PercentText(test.before), test.change);
    if (test.random_trials.empty()) continue;
    add("without random units", MeanText(test.random_trials), test.against_random);
    add("without units of any description (sort-all)", MeanText(test.sorted_trials),
        test.against_sorted);
  }
  return ToHtml(table);
}

std::string UnitTable(const EditReport& report, const UnitLinks& links) {
  HtmlTable table{{"", "unit", "description", "validation without it", "removed"},
                  {},
                  {true, false, false, true, false}};
  for (size_t i = 0; i < report.edit.order.size(); ++i) {
    const ScoredUnit& unit = report.edit.order[i];
    const auto text = report.descriptions.find(unit.unit);
    table.rows.push_back(
        {std::to_string(i + 1), links.Link(unit.unit),
         text == report.descriptions.end() ? "" : EscapeHtml(text->second),
         PercentText(unit.accuracy.Top1()),
         static_cast<int64_t>(i) < report.edit.chosen ? "<strong>removed</strong>" : "kept"});
  }
  return ToHtml(table);
}

std::string LettersTable(const EditReport& report, const UnitLinks& links) {
  HtmlTable table{{"unit", "description"}, {}, {}};
  for (const UnitName& unit : report.letters_only) {
    table.rows.push_back({links.Link(unit), EscapeHtml(report.letters_only_texts.at(unit))});
  }
  return ToHtml(table);
}

std::string CurveTable(const EditTest& test) {
  HtmlTable table{{"units", "by description (95 %)", "random (95 %)", "sort-all (95 %)"},
                  {},
                  {true, true, true, true}};
  const bool has_controls = !test.random_trials.empty();
  for (const EditCurvePoint& point : test.curve) {
    table.rows.push_back({std::to_string(point.units), PercentText(point.edit),
                          has_controls ? PercentText(point.random) : "–",
                          has_controls ? PercentText(point.sorted) : "–"});
  }
  return ToHtml(table);
}

std::string CurvePlot(const EditTest& test) {
  PlotSeries edit{"by description", {}};
  PlotSeries random{"random units", {}, true};
  PlotSeries sorted{"any description", {}};
  for (const EditCurvePoint& point : test.curve) {
    const auto units = static_cast<double>(point.units);
    edit.points.push_back({units, point.edit});
    if (test.random_trials.empty()) continue;
    random.points.push_back({units, point.random});
    sorted.points.push_back({units, point.sorted});
  }
  LinePlot plot{fmt::format("Accuracy on {} photos", test.name),
                "units zeroed",
                "accuracy",
                {edit, random, sorted}};
  plot.is_x_percent = false;
  return ToSvg(plot);
}

std::string SvgName(const EditTest& test) {
  return "accuracy-" + EscapeAddress(test.name, false) + ".svg";
}

std::string Provenance(const EditReport& report) {
  return fmt::format(
      "<h2>How this was measured</h2>\n<p>Network {}; descriptions of {}; {}. Which units are "
      "removed was decided on {} validation photos alone: each unit that matches zeroed by itself, "
      "the least harmful first, as long as validation accuracy does not fall by more than {:.1f} "
      "points. What is said of other photos is of photos that took no part in this. Accuracy is "
      "top-1. Intervals and p-values: bootstrap over photos (paired) and over the {} trials of a "
      "control, {} resamples; p-values corrected by Holm for all comparisons here. "
      "<em>Random</em>: "
      "as many units that do not match, from the same layers. <em>Sort-all</em>: as many units as "
      "match, drawn from the same layers whatever their description, scored and ordered alike, the "
      "first taken; what the edit does better than this is due to the descriptions.</p>\n"
      "<p>Tables: <a href=\"units.csv\">units.csv</a>, <a href=\"curve.csv\">curve.csv</a>, "
      "<a href=\"edit.json\">edit.json</a>.</p>\n",
      EscapeHtml(report.network.filename().string()), EscapeHtml(report.run.string()),
      EscapeHtml(report.photos), report.edit.validation_photos, 100 * report.options.tolerance,
      report.options.trials, report.options.bootstrap.resamples);
}

std::string Page(const EditReport& report, const Path& folder) {
  const UnitLinks links(report.run, folder);
  std::string body;
  for (const std::string& sentence : Summarize(report)) {
    body += "<p>" + EscapeHtml(sentence) + "</p>\n";
  }
  body += "<h2>Effect</h2>\n" + TestTable(report);
  for (const EditTest& test : report.edit.tests) body += CurvePlot(test) + CurveTable(test);
  body += "<h2>Units that match, least harmful first</h2>\n" + UnitTable(report, links);
  if (!report.letters_only.empty()) {
    body += "<h2>Not taken: the letters, but not the word</h2>\n" + LettersTable(report, links);
  }
  return HtmlPage(
      fmt::format("Edit: '{}' out of {}", report.matching, report.network.filename().string()),
      body + Provenance(report));
}

}  // namespace

std::vector<std::string> Summarize(const EditReport& report) {
  const auto matching = std::ssize(report.edit.order);
  std::vector<std::string> sentences = {fmt::format(
      "{} of {} described units speak of '{}'; looking for the letters anywhere would take {} ({} "
      "of "
      "them have the letters only).",
      matching, report.described, report.matching, report.as_letters, report.letters_only.size())};
  if (report.guesses) {
    sentences[0] += fmt::format(" {} more that speak of it are only guesses and are left alone.",
                                *report.guesses);
  }
  const std::vector<double>& validation = report.edit.validation;
  if (report.edit.chosen == 0) {
    sentences.push_back(fmt::format(
        "None is removed: without the least harmful one accuracy on the {} validation photos falls "
        "from {} to {}.",
        report.edit.validation_photos, PercentText(validation.front()),
        validation.size() > 1 ? PercentText(validation[1]) : "–"));
  } else {
    sentences.push_back(fmt::format(
        "{} of them are removed; accuracy on the {} validation photos that chose them goes from {} "
        "to {} (no evidence by itself: they were chosen for it).",
        report.edit.chosen, report.edit.validation_photos, PercentText(validation.front()),
        PercentText(validation[report.edit.chosen])));
  }
  if (report.edit.chosen == 0) return sentences;
  for (const EditTest& test : report.edit.tests) sentences.push_back(TestSentence(test));
  return sentences;
}

std::string ToJson(const EditReport& report) {
  Json json = {{"format", "milan-edit"},
               {"version", kVersion},
               {"milan", Version()},
               {"matching", report.matching},
               {"network", report.network.string()},
               {"edited", report.edited.empty() ? Json(nullptr) : Json(report.edited.string())},
               {"run", report.run.string()},
               {"photos", report.photos},
               {"described", report.described},
               {"matching_units", report.edit.order.size()},
               {"as_letters", report.as_letters},
               {"only_reliable", report.guesses.has_value()},
               {"guesses_left_alone", report.guesses.value_or(0)},
               {"removed", report.edit.chosen},
               {"tolerance", report.options.tolerance},
               {"trials", report.options.trials},
               {"seed", report.options.seed},
               {"summary", Summarize(report)},
               {"validation",
                {{"photos", report.edit.validation_photos}, {"accuracy", report.edit.validation}}}};
  json["units"] = Json::array();
  for (size_t i = 0; i < report.edit.order.size(); ++i) {
    const ScoredUnit& unit = report.edit.order[i];
    const auto text = report.descriptions.find(unit.unit);
    json["units"].push_back(
        {{"layer", unit.unit.layer},
         {"unit", unit.unit.unit},
         {"removed", static_cast<int64_t>(i) < report.edit.chosen},
         {"validation_accuracy", unit.accuracy.Top1()},
         {"description", text == report.descriptions.end() ? "" : text->second}});
  }
  json["letters_only"] = Json::array();
  for (const UnitName& unit : report.letters_only) {
    json["letters_only"].push_back({{"layer", unit.layer},
                                    {"unit", unit.unit},
                                    {"description", report.letters_only_texts.at(unit)}});
  }
  json["tests"] = Json::array();
  for (const EditTest& test : report.edit.tests) json["tests"].push_back(ToJson(test));
  return ToText(json, 2) + "\n";
}

std::string UnitsCsv(const EditReport& report) {
  std::string csv = "order,layer,unit,removed,validation_accuracy,description\n";
  for (size_t i = 0; i < report.edit.order.size(); ++i) {
    const ScoredUnit& unit = report.edit.order[i];
    const auto text = report.descriptions.find(unit.unit);
    csv += CsvLine({std::to_string(i + 1), unit.unit.layer, std::to_string(unit.unit.unit),
                    static_cast<int64_t>(i) < report.edit.chosen ? "1" : "0",
                    fmt::format("{:.6f}", unit.accuracy.Top1()),
                    text == report.descriptions.end() ? "" : text->second});
  }
  return csv;
}

std::string CurveCsv(const EditReport& report) {
  std::string csv =
      "photos,units,edit,edit_low,edit_high,random,random_low,random_high,sorted,sorted_low,"
      "sorted_high\n";
  for (const EditTest& test : report.edit.tests) {
    for (const EditCurvePoint& point : test.curve) {
      std::vector<std::string> fields = {test.name, std::to_string(point.units)};
      const std::array curves = {point.edit, point.random, point.sorted};
      for (size_t i = 0; i < curves.size(); ++i) {
        const bool is_there = i == 0 || !test.random_trials.empty();
        for (const double value : {curves[i].value, curves[i].low, curves[i].high}) {
          fields.push_back(is_there ? fmt::format("{:.6f}", value) : "");
        }
      }
      csv += CsvLine(fields);
    }
  }
  return csv;
}

void WriteEditReport(const EditReport& report, const Path& folder) {
  RequireReplaceable(folder, kMarker);
  StagingFolder staging(folder);
  staging.Write("index.html", Page(report, folder));
  staging.Write("units.csv", UnitsCsv(report));
  staging.Write("curve.csv", CurveCsv(report));
  for (const EditTest& test : report.edit.tests) staging.Write(SvgName(test), CurvePlot(test));
  staging.Write(kMarker, ToJson(report));
  staging.Publish();
}

}  // namespace milan
