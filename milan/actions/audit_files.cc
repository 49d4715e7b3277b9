#include "milan/actions/audit_files.h"

#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "milan/actions/audit_page.h"
#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/version.h"
#include "milan/evaluate/interval_json.h"
#include "milan/report/staging_folder.h"

namespace milan {
namespace {

constexpr int kVersion = 1;
constexpr const char* kMarker = "audit.json";

Json ToJson(const Confidence& confidence) {
  Json json = Json::object();
  if (confidence.value) json["value"] = *confidence.value;
  if (confidence.reliable) json["reliable"] = *confidence.reliable;
  return json;
}

Json ToJson(const Finding& finding) {
  Json json = {{"layer", finding.unit.layer},
               {"unit", finding.unit.unit},
               {"strong", finding.IsStrong()},
               {"evidence", ToString(finding.match.evidence)},
               {"term", finding.match.term},
               {"found", finding.match.found},
               {"place", finding.place},
               {"support", finding.support},
               {"description", finding.description}};
  if (finding.match.evidence == Evidence::kNear) json["nearness"] = finding.match.nearness;
  const Json confidence = ToJson(finding.confidence);
  if (!confidence.empty()) json["confidence"] = confidence;
  return json;
}

Json ToJson(const AuditedRun& run) {
  Json json = {
      {"run", run.folder.string()},
      {"network", {{"path", run.manifest.network_path}, {"hash", run.manifest.network_hash}}},
      {"photos",
       {{"path", run.manifest.photos_path},
        {"hash", run.manifest.photos_hash},
        {"count", run.manifest.photo_count}}},
      {"bundle", run.bundle},
      {"described", run.findings.Described()},
      {"strong", run.findings.Strong()},
      {"share", ToJson(ShareInterval(run.findings.StrongShare()))}};
  json["layers"] = Json::array();
  for (const LayerFindings& layer : run.findings.layers) {
    json["layers"].push_back({{"layer", layer.layer},
                              {"described", layer.described},
                              {"strong", layer.strong},
                              {"by_word", layer.by_word},
                              {"weak_only", layer.weak},
                              {"as_letters", layer.as_letters},
                              {"share", ToJson(ShareInterval(layer.StrongShare()))}});
  }
  json["findings"] = Json::array();
  for (const Finding& finding : run.findings.findings) json["findings"].push_back(ToJson(finding));
  return json;
}

Json ToJson(const ShareComparison& comparison) {
  return {{"a", {{"strong", comparison.a.count}, {"described", comparison.a.total}}},
          {"b", {{"strong", comparison.b.count}, {"described", comparison.b.total}}},
          {"difference", ToJson(comparison.difference)},
          {"p_value", comparison.p_value},
          {"adjusted_p_value", comparison.adjusted},
          {"significant", comparison.IsSignificant()}};
}

Json ToJson(const AuditComparison& comparison, Correction correction) {
  Json json = {{"test", "Fisher's exact test, two-sided"},
               {"correction", ToString(correction)},
               {"alpha", kAlpha},
               {"all", ToJson(comparison.all)}};
  json["layers"] = Json::array();
  for (const ShareComparison& layer : comparison.layers) {
    Json entry = {{"layer", layer.layer}};
    entry.update(ToJson(layer));
    json["layers"].push_back(std::move(entry));
  }
  json["only_a"] = comparison.only_a;
  json["only_b"] = comparison.only_b;
  if (!comparison.no_pairs.empty()) {
    json["no_pairs"] = comparison.no_pairs;
    return json;
  }
  json["pairs"] = Json::array();
  for (const UnitPair& pair : comparison.pairs) {
    json["pairs"].push_back({{"a", {pair.a.layer, pair.a.unit}},
                             {"b", {pair.b.layer, pair.b.unit}},
                             {"shared_photos", pair.shared},
                             {"p_value", pair.p_value}});
  }
  json["pairs_both"] = comparison.pairs_both;
  json["pairs_only_a"] = comparison.pairs_only_a;
  json["pairs_only_b"] = comparison.pairs_only_b;
  json["pairs_p_value"] = comparison.pairs_p_value;
  return json;
}

Json SarifResult(const Finding& finding, const std::string& network) {
  const std::string unit = fmt::format("{}:{}", finding.unit.layer, finding.unit.unit);
  const std::string of = finding.place == 0 ? "the description" : "a runner-up of the description";
  return {{"ruleId", "concept"},
          {"level", finding.IsStrong() ? "warning" : "note"},
          {"message",
           {{"text", fmt::format("Unit {}: {} \"{}\" speaks of '{}' (\"{}\", by {}).", unit, of,
                                 finding.description, finding.match.term, finding.match.found,
                                 ToString(finding.match.evidence))}}},
          {"locations",
           {{{"physicalLocation", {{"artifactLocation", {{"uri", network}}}}},
             {"logicalLocations",
              {{{"name", std::to_string(finding.unit.unit)},
                {"fullyQualifiedName", unit},
                {"kind", "member"}}}}}}},
          {"properties", ToJson(finding)}};
}

/// Counts with or without the second run.
std::string CountSentence(const AuditedRun& run, const std::string& terms) {
  int64_t weak = 0;
  int64_t letters = 0;
  for (const LayerFindings& layer : run.findings.layers) {
    weak += layer.weak;
    letters += layer.as_letters;
  }
  const Share share = run.findings.StrongShare();
  return fmt::format(
      "{} of {} described units speak of '{}': {}, 95 % interval. {} more only in runners-up or by "
      "near words. Looking for the letters anywhere would find {}.",
      share.count, share.total, terms, PercentText(ShareInterval(share)), weak, letters);
}

std::string ComparisonSentence(const AuditComparison& comparison) {
  std::vector<std::string> significant;
  for (const ShareComparison& layer : comparison.layers) {
    if (layer.IsSignificant()) significant.push_back(layer.layer);
  }
  if (comparison.layers.empty()) {
    return "The two runs have no layer of the same name: only all units together are compared, "
           "which also compares the choice of layers.";
  }
  if (significant.empty()) {
    return fmt::format(
        "No layer of {} differs significantly (Fisher's exact test, corrected, 5 %).",
        comparison.layers.size());
  }
  return fmt::format(
      "{} of {} layers differ significantly (Fisher's exact test, corrected, 5 %): {}.",
      significant.size(), comparison.layers.size(), fmt::join(significant, ", "));
}

std::string PairSentence(const AuditComparison& comparison) {
  if (!comparison.no_pairs.empty()) return "Units were not paired: " + comparison.no_pairs + ".";
  return fmt::format(
      "{} pairs of described units answer to the same photos; of these {} speak of it in both "
      "networks, {} only in the first, {} only in the second (McNemar's exact test: {}).",
      comparison.pairs.size(), comparison.pairs_both, comparison.pairs_only_a,
      comparison.pairs_only_b, PEqualsText(comparison.pairs_p_value));
}

}  // namespace

std::vector<std::string> Summarize(const AuditReport& report) {
  std::vector<std::string> sentences = {CountSentence(report.subject, report.concept_text)};
  if (report.most_allowed) {
    sentences.push_back(fmt::format("{} units are allowed: {}.", *report.most_allowed,
                                    report.HasTooMany() ? "too many were found" : "kept"));
  }
  if (!report.other) return sentences;
  const Share share = report.other->findings.StrongShare();
  sentences.push_back(fmt::format("In the second network: {} of {}, {}.", share.count, share.total,
                                  PercentText(ShareInterval(share))));
  const AuditComparison& comparison = *report.comparison;
  sentences.push_back(
      fmt::format("{} together: {}, {}.",
                  comparison.layers.empty() ? "All units" : "Units of layers of the same name",
                  PointsText(comparison.all.difference), PEqualsText(comparison.all.p_value)));
  sentences.push_back(ComparisonSentence(comparison));
  for (const auto& [which, layers] :
       {std::pair("first", comparison.only_a), std::pair("second", comparison.only_b)}) {
    if (layers.empty()) continue;
    sentences.push_back(fmt::format("Layers of the {} network only, not tested: {}.", which,
                                    fmt::join(layers, ", ")));
  }
  sentences.push_back(PairSentence(comparison));
  return sentences;
}

std::string ToJson(const AuditReport& report) {
  Json json = {
      {"format", "milan-audit"},
      {"version", kVersion},
      {"milan", Version()},
      {"find", report.concept_text},
      {"terms", report.terms},
      {"wordnet", report.with_word_net},
      {"kinds", report.with_kinds},
      {"least_nearness", report.least_nearness ? Json(*report.least_nearness) : Json(nullptr)},
      {"summary", Summarize(report)}};
  if (report.most_allowed) {
    json["most_allowed"] = *report.most_allowed;
    json["too_many"] = report.HasTooMany();
  }
  json["subject"] = ToJson(report.subject);
  if (report.other) json["other"] = ToJson(*report.other);
  if (report.comparison) json["comparison"] = ToJson(*report.comparison, report.correction);
  return ToText(json, 2) + "\n";
}

std::string ToSarif(const AuditReport& report) {
  const std::string network =
      EscapeAddress(Path(report.subject.manifest.network_path).filename().string());
  Json results = Json::array();
  for (const Finding& finding : report.subject.findings.findings) {
    results.push_back(SarifResult(finding, network));
  }
  const Json rule = {
      {"id", "concept"},
      {"shortDescription",
       {{"text", "A unit's description speaks of '" + report.concept_text + "'"}}},
      {"fullDescription",
       {{"text",
         "Descriptions are guesses from a unit's exemplars: judge by these before acting."}}}};
  const Json json = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs",
       Json::array(
           {{{"tool",
              {{"driver",
                {{"name", "milan"}, {"version", Version()}, {"rules", Json::array({rule})}}}}},
             {"results", std::move(results)},
             {"properties", {{"summary", Summarize(report)}}}}})}};
  return ToText(json, 2) + "\n";
}

std::string ToCsv(const AuditReport& report) {
  std::string csv =
      "layer,unit,strong,evidence,term,found,place,support,confidence,reliable,description\n";
  for (const Finding& finding : report.subject.findings.findings) {
    const Confidence& confidence = finding.confidence;
    csv += CsvLine(
        {finding.unit.layer, std::to_string(finding.unit.unit), finding.IsStrong() ? "1" : "0",
         ToString(finding.match.evidence), finding.match.term, finding.match.found,
         std::to_string(finding.place), fmt::format("{:.4f}", finding.support),
         confidence.value ? fmt::format("{:.6g}", *confidence.value) : "",
         confidence.reliable ? (*confidence.reliable ? "1" : "0") : "", finding.description});
  }
  return csv;
}

void RequireReplaceable(const Path& folder, const std::string& marker) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool is_free = !fs::exists(folder, ignored) ||
                       (fs::is_directory(folder, ignored) && fs::is_empty(folder, ignored)) ||
                       fs::exists(folder / marker, ignored);
  if (is_free) return;
  throw UsageError(folder.string() + ": exists and has no " + marker +
                   ", so it is none of milan's; choose another folder or remove it");
}

void WriteAudit(const AuditReport& report, const Run& run, const Path& folder,
                const AuditPageOptions& options, Progress& progress) {
  RequireReplaceable(folder, kMarker);
  StagingFolder staging(folder);
  WriteAuditPage(report, run, folder, options, staging, progress);
  staging.Write("audit.sarif", ToSarif(report));
  staging.Write("findings.csv", ToCsv(report));
  staging.Write(kMarker, ToJson(report));
  staging.Publish();
}

}  // namespace milan
