#include "milan/report/page_data.h"

#include <cmath>
#include <cstddef>
#include <limits>

#include "milan/base/error.h"
#include "milan/base/json.h"
#include "milan/exemplar/mask.h"
#include "milan/report/mask_text.h"

namespace milan {
namespace {

/// Version of the data files; the page refuses others.
constexpr int kFormat = 1;

/// Five significant digits: all that is shown, at a third of the bytes. Not a number becomes null.
Json Rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == 0) return 0;
  const int digits = 4 - static_cast<int>(std::floor(std::log10(std::abs(value))));
  const double factor = std::pow(10.0, std::abs(digits));
  return digits >= 0 ? std::round(value * factor) / factor : std::round(value / factor) * factor;
}

template <typename Values>
Json RoundedList(const Values& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(Rounded(value));
  return list;
}

/// `milan.<function>(<arguments>);`. File names and descriptions come from anywhere: "<" is escaped
/// so that a data file stays harmless even when somebody pastes it into a page.
std::string Script(const std::string& function, const Json& arguments) {
  std::string script = "milan." + function + "(";
  for (const char character : ToText(arguments)) {
    if (character == '<') {
      script += "\\u003c";
    } else {
      script += character;
    }
  }
  return script + ");\n";
}

std::string FileNameOf(const std::string& path) {
  const Path named(path);
  return (named.has_filename() ? named : named.parent_path()).filename().string();
}

Json ToJson(const ScoredText& scored) {
  return {scored.text, Rounded(scored.log_likelihood), Rounded(scored.log_prior),
          Rounded(scored.pmi)};
}

Json ToJson(const LayerSummary& layer) {
  return {{"name", layer.name},
          {"map", {layer.height, layer.width}},
          {"first_file", layer.first_file},
          {"states", layer.states},
          {"descriptions", layer.descriptions},
          {"pmis", RoundedList(layer.pmis)},
          {"confidences", RoundedList(layer.confidences)},
          {"peaks", RoundedList(layer.peaks)}};
}

std::vector<std::string> UnitNames(const RunManifest& manifest, const std::string& layer) {
  for (const RunLayer& candidate : manifest.layers) {
    if (candidate.name == layer) return candidate.unit_names;
  }
  return {};
}

Json ExemplarsOf(const ExemplarSet& set, int64_t unit) {
  Json photos = Json::array();
  Json masks = Json::array();
  std::vector<float> activations;
  for (int64_t rank = 0; rank < set.CountOf(unit); ++rank) {
    photos.push_back(set.PhotoId(unit, rank));
    activations.push_back(set.activations[unit * set.k + rank]);
    masks.push_back(EncodeMask(set.Mask(unit, rank, {kMaskSize, kMaskSize})));
  }
  return {{"photos", photos}, {"activations", RoundedList(activations)}, {"masks", masks}};
}

/// The exemplars of a unit that is not alive are whichever photos came first: showing them would
/// suggest a meaning that is not there.
Json UnitDetails(const ExemplarSet& set, const UnitFacts& facts,
                 const UnitDescription* description) {
  const int64_t unit = facts.unit;
  const bool alive = set.states[unit] == UnitState::kAlive;
  Json details = alive ? ExemplarsOf(set, unit) : Json::object();
  details["threshold"] = Rounded(set.thresholds[unit]);
  details["range"] = {Rounded(set.minima[unit]), Rounded(set.maxima[unit])};
  if (facts.is_saturated) details["saturated"] = true;
  if (facts.duplicate_of >= 0) details["duplicate_of"] = facts.duplicate_of;
  if (!set.distributions.empty()) {
    const auto bins = set.distributions.begin() + unit * ExemplarSet::kBins;
    details["distribution"] = std::vector<uint64_t>(bins, bins + ExemplarSet::kBins);
  }
  if (description == nullptr || description->best.text.empty()) return details;
  details["best"] = ToJson(description->best);
  details["others"] = Json::array();
  for (const ScoredText& other : description->others) details["others"].push_back(ToJson(other));
  return details;
}

}  // namespace

DescriptionIndex::DescriptionIndex(const Descriptions& descriptions, const RunManifest& manifest) {
  std::map<std::string, int64_t> units_of_layer;
  for (const RunLayer& layer : manifest.layers) units_of_layer[layer.name] = layer.units;
  for (const UnitDescription& description : descriptions.units) {
    const auto layer = units_of_layer.find(description.layer);
    if (layer == units_of_layer.end() || description.unit < 0 ||
        description.unit >= layer->second) {
      throw InputError("the descriptions have unit " + std::to_string(description.unit) +
                       " of layer '" + description.layer +
                       "', which the run does not have: describe this run again");
    }
    units_[{description.layer, description.unit}] = &description;
  }
}

const UnitDescription* DescriptionIndex::Find(const std::string& layer, int64_t unit) const {
  const auto found = units_.find({layer, unit});
  return found == units_.end() ? nullptr : found->second;
}

LayerSummary Summarize(const ExemplarSet& set, const DescriptionIndex& descriptions) {
  LayerSummary summary;
  summary.name = set.layer;
  summary.height = set.height;
  summary.width = set.width;
  for (int64_t unit = 0; unit < set.units; ++unit) {
    const UnitDescription* description = descriptions.Find(set.layer, unit);
    const bool described = description != nullptr && !description->best.text.empty();
    summary.states.push_back(ToString(set.states[unit]));
    summary.descriptions.push_back(described ? description->best.text : "");
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
    summary.pmis.push_back(described ? description->best.pmi : kNone);
    summary.confidences.push_back(described ? description->confidence.value_or(kNone) : kNone);
    summary.peaks.push_back(set.maxima[unit]);
  }
  return summary;
}

std::string ReportScript(const RunManifest& manifest, const Descriptions& descriptions,
                         std::span<const LayerSummary> layers) {
  Json report = {
      {"format", kFormat},
      {"milan_version", manifest.milan_version},
      {"engine_version", manifest.engine_version},
      {"network", {{"name", FileNameOf(manifest.network_path)}, {"hash", manifest.network_hash}}},
      {"photos",
       {{"name", FileNameOf(manifest.photos_path)},
        {"hash", manifest.photos_hash},
        {"count", manifest.photo_count},
        {"skipped", manifest.skipped_count}}},
      {"k", manifest.k},
      {"quantile", manifest.quantile},
      {"view", {manifest.preprocessing.Width(), manifest.preprocessing.Height()}},
      {"mask_size", kMaskSize},
      {"units_per_file", kUnitsPerFile}};
  if (!descriptions.units.empty()) {
    report["bundle"] = {
        {"name", descriptions.bundle_name},      {"hash", descriptions.bundle_hash},
        {"criterion", descriptions.criterion},   {"prior", descriptions.prior},
        {"pmi_weight", descriptions.pmi_weight}, {"beam_size", descriptions.beam_size}};
  }
  if (descriptions.calibration) {
    report["calibration"] = ParseJson(ToJsonText(*descriptions.calibration), "calibration");
  }
  report["layers"] = Json::array();
  for (const LayerSummary& layer : layers) {
    report["layers"].push_back(ToJson(layer));
    const std::vector<std::string> names = UnitNames(manifest, layer.name);
    if (!names.empty()) report["layers"].back()["names"] = names;
  }
  return Script("setReport", report);
}

std::string PhotosScript(const Run& run, std::span<const ReportPhoto> photos) {
  Json list = Json::array();
  for (const ReportPhoto& photo : photos) {
    const std::string& name = run.photos[static_cast<size_t>(photo.id)].name;
    if (photo.failure.empty()) {
      const Box& view = photo.view;
      list.push_back({{"id", photo.id},
                      {"name", name},
                      {"size", {photo.width, photo.height}},
                      {"view", RoundedList(std::vector<double>{view.left, view.top, view.right,
                                                               view.bottom})}});
    } else {
      list.push_back({{"id", photo.id}, {"name", name}, {"failure", photo.failure}});
    }
  }
  return Script("setPhotos", list);
}

std::string AnnotationScript(const AnnotationSettings& settings) {
  Json units = Json::array();
  for (const UnitName& unit : settings.units) units.push_back({unit.layer, unit.unit});
  return Script("setAnnotation", Json{{"format", kFormat},
                                      // As text: JavaScript's numbers have 53 bits.
                                      {"seed", std::to_string(settings.seed)},
                                      {"annotator", settings.annotator},
                                      {"val_part", settings.val_part},
                                      {"units", units}});
}

std::string ExemplarsScript(int64_t number, const ExemplarSet& set,
                            std::span<const UnitFacts> facts, const UnitRange& range,
                            const DescriptionIndex& descriptions) {
  Json units = Json::array();
  for (int64_t unit = range.first; unit < range.last; ++unit) {
    units.push_back(UnitDetails(set, facts[unit], descriptions.Find(set.layer, unit)));
  }
  return Script("addExemplars", Json{{"file", number}, {"units", units}});
}

}  // namespace milan
