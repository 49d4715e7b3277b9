#include "milan/text/descriptions.h"

#include <cmath>
#include <limits>
#include <string_view>

#include <fmt/format.h>

#include "milan/base/csv.h"
#include "milan/base/error.h"
#include "milan/base/json.h"

namespace milan {
namespace {

constexpr std::string_view kFormat = "milan-descriptions";
constexpr int kVersion = 1;
constexpr const char* kJsonName = "descriptions.json";
constexpr const char* kCsvName = "descriptions.csv";
constexpr std::string_view kAlive = "alive";

std::string Number(double value) { return fmt::format("{:.6g}", value); }

std::string ToCsv(const Descriptions& descriptions) {
  std::string csv = "layer,unit,description,log_likelihood,log_prior,pmi,confidence,reliable\n";
  for (const UnitDescription& unit : descriptions.units) {
    std::vector<std::string> fields = {unit.layer, std::to_string(unit.unit)};
    if (unit.state == kAlive) {
      const ScoredText& best = unit.best;
      fields.insert(fields.end(), {best.text, Number(best.log_likelihood), Number(best.log_prior),
                                   Number(best.pmi)});
    }
    if (const std::optional<bool> is_reliable = descriptions.IsReliable(unit)) {
      fields.push_back(unit.confidence ? fmt::format("{:.4f}", *unit.confidence) : "");
      fields.emplace_back(*is_reliable ? "true" : "false");
    }
    constexpr size_t kColumns = 8;
    fields.resize(kColumns);
    csv += CsvLine(fields);
  }
  return csv;
}

Json ToJson(const ScoredText& scored) {
  return {{"text", scored.text},
          {"log_likelihood", scored.log_likelihood},
          {"log_prior", scored.log_prior},
          {"pmi", scored.pmi}};
}

Json ToJson(const UnitDescription& unit, std::optional<bool> is_reliable) {
  Json json = {{"layer", unit.layer}, {"unit", unit.unit}, {"state", unit.state}};
  if (unit.state == kAlive) json["description"] = ToJson(unit.best);
  if (unit.confidence) json["confidence"] = *unit.confidence;
  if (is_reliable) json["reliable"] = *is_reliable;
  json["others"] = Json::array();
  for (const ScoredText& other : unit.others) json["others"].push_back(ToJson(other));
  json["threshold"] = unit.threshold;
  json["activations"] = unit.activations;
  json["photos"] = unit.photos;
  return json;
}

Json ToJson(const Descriptions& descriptions) {
  Json json = {{"format", kFormat},
               {"version", kVersion},
               {"bundle", {{"name", descriptions.bundle_name}, {"hash", descriptions.bundle_hash}}},
               {"criterion", descriptions.criterion},
               {"prior", descriptions.prior},
               {"pmi_weight", descriptions.pmi_weight},
               {"beam_size", descriptions.beam_size}};
  if (descriptions.calibration) {
    json["calibration"] = ParseJson(ToJsonText(*descriptions.calibration), "calibration");
  }
  json["units"] = Json::array();
  for (const UnitDescription& unit : descriptions.units) {
    json["units"].push_back(ToJson(unit, descriptions.IsReliable(unit)));
  }
  return json;
}

/// JSON has no NaN: what was not finite was written as null.
constexpr double kNotFinite = std::numeric_limits<double>::quiet_NaN();

ScoredText ScoredTextFrom(const Json& json, const std::string& name) {
  return {Get<std::string>(json, "text", name), GetOr(json, "log_likelihood", kNotFinite, name),
          GetOr(json, "log_prior", kNotFinite, name), GetOr(json, "pmi", kNotFinite, name)};
}

std::vector<double> NumbersFrom(const Json& json, const std::string& key, const std::string& name) {
  std::vector<double> numbers;
  for (const Json& value : Get<Json::array_t>(json, key, name)) {
    if (!value.is_number() && !value.is_null()) {
      throw InputError(name + ": member '" + key + "' holds something other than numbers");
    }
    numbers.push_back(value.is_null() ? kNotFinite : value.get<double>());
  }
  return numbers;
}

UnitDescription UnitFrom(const Json& json, const std::string& file, size_t index) {
  const std::string name = file + ": units[" + std::to_string(index) + "]";
  UnitDescription unit;
  unit.layer = Get<std::string>(json, "layer", name);
  unit.unit = Get<int64_t>(json, "unit", name);
  unit.state = Get<std::string>(json, "state", name);
  if (unit.state == kAlive) {
    unit.best = ScoredTextFrom(Get<Json>(json, "description", name), name + ".description");
  }
  const double confidence = GetOr(json, "confidence", kNotFinite, name);
  if (!std::isnan(confidence)) unit.confidence = confidence;
  for (const Json& other : Get<Json::array_t>(json, "others", name)) {
    unit.others.push_back(ScoredTextFrom(other, name + ".others"));
  }
  unit.threshold = GetOr(json, "threshold", kNotFinite, name);
  unit.activations = NumbersFrom(json, "activations", name);
  unit.photos = Get<std::vector<std::string>>(json, "photos", name);
  return unit;
}

void CheckFormat(const Json& json, const std::string& name) {
  if (Get<std::string>(json, "format", name) != kFormat) {
    throw InputError(name + ": is not a file of descriptions (format '" + std::string(kFormat) +
                     "')");
  }
  const int version = Get<int>(json, "version", name);
  if (version != kVersion) {
    throw InputError(name + ": has format version " + std::to_string(version) +
                     ", this milan reads version " + std::to_string(kVersion) +
                     "; describe the run again");
  }
}

}  // namespace

std::optional<bool> Descriptions::IsReliable(const UnitDescription& unit) const {
  if (!calibration || unit.best.text.empty()) return std::nullopt;
  return unit.confidence && *unit.confidence >= calibration->threshold;
}

void WriteDescriptions(const Path& folder, const Descriptions& descriptions) {
  WriteFileAtomically(folder / kCsvName, ToCsv(descriptions));
  // Last, because readers take this file as the sign that descriptions are complete.
  WriteJson(folder / kJsonName, ToJson(descriptions));
}

Descriptions ReadDescriptions(const Path& folder) {
  const Path path = folder / kJsonName;
  const std::string name = path.string();
  const Json json = ReadJson(path);
  CheckFormat(json, name);
  Descriptions descriptions;
  const Json bundle = Get<Json>(json, "bundle", name);
  descriptions.bundle_name = Get<std::string>(bundle, "name", name + ": bundle");
  descriptions.bundle_hash = Get<std::string>(bundle, "hash", name + ": bundle");
  descriptions.criterion = GetOr<std::string>(json, "criterion", "pmi", name);
  descriptions.prior = GetOr<std::string>(json, "prior", "language", name);
  descriptions.pmi_weight = Get<double>(json, "pmi_weight", name);
  descriptions.beam_size = Get<int>(json, "beam_size", name);
  if (json.contains("calibration")) {
    descriptions.calibration = CalibrationSummaryFromJson(
        ToText(Get<Json>(json, "calibration", name)), name + ": calibration");
  }
  for (const Json& unit : Get<Json::array_t>(json, "units", name)) {
    descriptions.units.push_back(UnitFrom(unit, name, descriptions.units.size()));
  }
  return descriptions;
}

}  // namespace milan
