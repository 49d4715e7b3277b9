#include "milan/text/calibration_summary.h"

#include <limits>

#include "milan/base/error.h"
#include "milan/base/json.h"

namespace milan {
namespace {

constexpr double kNotFinite = std::numeric_limits<double>::quiet_NaN();

/// A number of a file; JSON has no NaN, so what was not finite is null.
double Number(const Json& json, const std::string& key, const std::string& name) {
  if (json.is_object() && !json.contains(key)) {
    throw InputError(name + ": member '" + key + "' is missing");
  }
  return GetOr(json, key, kNotFinite, name);
}

}  // namespace

std::string ToJsonText(const CalibrationSummary& summary) {
  Json json = {{"threshold", summary.threshold},
               {"right_f1", summary.right_f1},
               {"units", summary.units},
               {"base_rate", summary.base_rate},
               {"error", summary.error},
               {"chance_error", summary.chance_error},
               {"auc", summary.auc},
               {"coverage", summary.coverage},
               {"precision", summary.precision},
               {"bins", Json::array()},
               {"nulls", Json::array()}};
  for (const ReliabilityBin& bin : summary.bins) {
    json["bins"].push_back({{"low", bin.low},
                            {"high", bin.high},
                            {"units", bin.units},
                            {"confidence", bin.confidence},
                            {"right", bin.right}});
  }
  for (const NullRate& null : summary.nulls) {
    json["nulls"].push_back({{"kind", null.kind}, {"sets", null.sets}, {"rate", null.rate}});
  }
  return ToText(json);
}

CalibrationSummary CalibrationSummaryFromJson(const std::string& text, const std::string& name) {
  const Json json = ParseJson(text, name);
  CalibrationSummary summary;
  summary.threshold = Number(json, "threshold", name);
  summary.right_f1 = Number(json, "right_f1", name);
  summary.units = Get<int64_t>(json, "units", name);
  summary.base_rate = Number(json, "base_rate", name);
  summary.error = Number(json, "error", name);
  summary.chance_error = Number(json, "chance_error", name);
  summary.auc = Number(json, "auc", name);
  summary.coverage = Number(json, "coverage", name);
  summary.precision = Number(json, "precision", name);
  for (const Json& bin : Get<Json::array_t>(json, "bins", name)) {
    summary.bins.push_back({Number(bin, "low", name), Number(bin, "high", name),
                            Get<int64_t>(bin, "units", name), Number(bin, "confidence", name),
                            Number(bin, "right", name)});
  }
  for (const Json& null : Get<Json::array_t>(json, "nulls", name)) {
    summary.nulls.push_back({Get<std::string>(null, "kind", name), Get<int64_t>(null, "sets", name),
                             Number(null, "rate", name)});
  }
  return summary;
}

}  // namespace milan
