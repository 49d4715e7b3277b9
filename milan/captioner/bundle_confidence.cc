#include "milan/captioner/bundle_confidence.h"

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/base/safetensors.h"
#include "milan/base/version.h"
#include "milan/captioner/bundle_files.h"
#include "milan/captioner/confidence_signals.h"

namespace milan {
namespace {

constexpr const char* kFormat = "milan-confidence";
constexpr int kVersion = 1;
constexpr const char* kRegions = "null.regions";

Json ToJson(const ConfidenceModel& model) {
  Json terms = Json::array();
  for (const ConfidenceModel::Term& term : model.terms) {
    terms.push_back({{"signal", term.signal},
                     {"mean", term.mean},
                     {"scale", term.scale},
                     {"weight", term.weight}});
  }
  return {{"terms", terms}, {"bias", model.bias}};
}

ConfidenceModel ModelFrom(const Json& json, const std::string& name) {
  ConfidenceModel model;
  for (const Json& term : Get<Json::array_t>(json, "terms", name)) {
    model.terms.push_back({Get<std::string>(term, "signal", name), Get<double>(term, "mean", name),
                           Get<double>(term, "scale", name), Get<double>(term, "weight", name)});
    if (!(model.terms.back().scale > 0)) {
      throw InputError(name + ": member 'scale' must be greater than 0");
    }
  }
  model.bias = Get<double>(json, "bias", name);
  std::vector<std::string> names;
  for (const ConfidenceModel::Term& term : model.terms) names.push_back(term.signal);
  if (names != SignalNames()) {
    throw InputError(name +
                     ": has other signals than this milan computes; calibrate the bundle "
                     "again (milan calibrate)");
  }
  return model;
}

int Number(const Json& json, const std::string& key, int greatest, const std::string& name) {
  const int number = Get<int>(json, key, name);
  if (number < 1 || number > greatest) {
    throw InputError(name + ": member '" + key + "' must be in 1.." + std::to_string(greatest));
  }
  return number;
}

SignalOptions SignalsFrom(const Json& json, const std::string& name) {
  constexpr int kMost = 1000;
  SignalOptions options;
  options.null_sets = Number(json, "null_sets", kMost, name);
  options.resamples = Number(json, "resamples", kMost, name);
  options.resample_beam = Number(json, "resample_beam", kMost, name);
  options.length = Number(json, "length", kMost, name);
  options.pmi_weight = Get<double>(json, "pmi_weight", name);
  options.criterion = ParseCriterion(Get<std::string>(json, "criterion", name));
  options.seed = Get<uint64_t>(json, "seed", name);
  return options;
}

CalibratedSearch SearchFrom(const Json& json, const std::string& name) {
  constexpr int kMost = 100000;
  return {Number(json, "beam_size", kMost, name), Number(json, "length", kMost, name),
          Get<double>(json, "pmi_weight", name),
          ParseCriterion(Get<std::string>(json, "criterion", name)),
          Number(json, "k", kMost, name)};
}

}  // namespace

void WriteCalibration(const Path& bundle, const Calibration& calibration) {
  const SignalOptions& signals = calibration.signals;
  const CalibratedSearch& search = calibration.search;
  const Json json = {{"format", kFormat},
                     {"version", kVersion},
                     {"milan_version", Version()},
                     {"model", ToJson(calibration.model)},
                     {"signals",
                      {{"null_sets", signals.null_sets},
                       {"resamples", signals.resamples},
                       {"resample_beam", signals.resample_beam},
                       {"length", signals.length},
                       {"pmi_weight", signals.pmi_weight},
                       {"criterion", ToString(signals.criterion)},
                       {"seed", signals.seed}}},
                     {"search",
                      {{"beam_size", search.beam_size},
                       {"length", search.length},
                       {"pmi_weight", search.pmi_weight},
                       {"criterion", ToString(search.criterion)},
                       {"k", search.k}}},
                     {"summary", ParseJson(ToJsonText(calibration.summary), "summary")}};
  // Files that bundle.json does not list do not count: first no calibration, then the new one.
  ListConfidenceFiles(bundle, false);
  SafetensorsWriter regions;
  regions.AddAsHalf(kRegions, calibration.null_regions.shape, calibration.null_regions.values);
  regions.Write(bundle / kConfidenceTensors);
  WriteJson(bundle / kConfidence, json);
  ListConfidenceFiles(bundle, true);
}

std::optional<Calibration> ReadCalibration(const Path& bundle, int64_t features) {
  if (!ListsConfidenceFiles(bundle)) return std::nullopt;
  const Path path = bundle / kConfidence;
  const std::string name = path.string();
  const Json json = ReadJson(path);
  if (GetOr<std::string>(json, "format", "", name) != kFormat) {
    throw InputError(name + ": not a calibration (member 'format' is not '" + kFormat + "')");
  }
  const int version = Get<int>(json, "version", name);
  if (version != kVersion) {
    throw InputError(name + ": has format version " + std::to_string(version) +
                     ", this milan reads version " + std::to_string(kVersion) +
                     "; calibrate the bundle again (milan calibrate)");
  }
  Calibration calibration;
  calibration.model = ModelFrom(Get<Json>(json, "model", name), name);
  calibration.signals = SignalsFrom(Get<Json>(json, "signals", name), name + ": signals");
  calibration.search = SearchFrom(Get<Json>(json, "search", name), name + ": search");
  calibration.summary =
      CalibrationSummaryFromJson(ToText(Get<Json>(json, "summary", name)), name + ": summary");
  const SafetensorsFile file(bundle / kConfidenceTensors);
  const TensorView& regions = file.At(kRegions);
  if (regions.shape.size() != 2 || regions.shape[0] < 2 || regions.shape[1] != features) {
    throw InputError(file.path().string() + ": tensor '" + kRegions + "' has the shape " +
                     ToString(regions.shape) + "; expected [2 or more, " +
                     std::to_string(features) + "]");
  }
  calibration.null_regions = {regions.shape, regions.AsFloats()};
  return calibration;
}

}  // namespace milan
